// Sentences that hold for any input. They are one file, as each would load the whole app.
import '../security/properties/cctray.js';
import '../security/properties/own-credential.js';
import '../security/properties/redirect.js';
import '../security/properties/return-to.js';
import '../security/properties/token-response.js';
import '../security/properties/wsapi.js';
