// Sentences that hold for any input, on few inputs: test/slow/properties.test.ts tries many. They are one
// file, as each would load the whole app.
import './properties/cctray.js';
import './properties/own-credential.js';
import './properties/redirect.js';
import './properties/return-to.js';
import './properties/token-response.js';
import './properties/wsapi.js';
