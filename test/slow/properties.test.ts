// The sentences of test/security/properties, on as many inputs as the time of a test allows.
import { tryMore } from '../support/any.js';
import '../security/properties/cctray.js';
import '../security/properties/own-credential.js';
import '../security/properties/redirect.js';
import '../security/properties/return-to.js';
import '../security/properties/token-response.js';
import '../security/properties/wsapi.js';

tryMore(3);
