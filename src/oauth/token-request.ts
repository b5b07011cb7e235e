// Step 3 of the dance, RFC 6749 §4.1.3 and §4.1.4: the code, and our secret, for a token. This goes
// from server to server; the browser that waits for `oauthRedirect` sees none of it.
import type { ValidatedResponse } from './authorization-response.js';
import type { OAuthClient } from './client.js';
import { TokenResponseError, UnusableTokenResponseError } from './errors.js';
import { isUsableToken, LONGEST_TOKEN, type Tokens } from './tokens.js';

/**
 * The body of the token request. It is posted as `application/x-www-form-urlencoded`, once: a code
 * is burnt by the first try, whatever its outcome.
 *
 * @param client our registration with the provider
 * @param authorization a redirect that has passed its checks
 * @see [RFC 6749 §4.1.3](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.3)
 */
export function tokenRequest(
  client: OAuthClient,
  authorization: ValidatedResponse,
): URLSearchParams {
  return new URLSearchParams({
    grant_type: client.grantTypes.authorizationCode, // in the server's own spelling
    code: authorization.code, // unchanged, proof that the person said yes
    redirect_uri: authorization.redirectUri, // SECURITY.md B1: the code is bound to it
    client_id: client.clientId,
    client_secret: client.clientSecret, // SECURITY.md B2: in the body, never in a URL (§2.3.1)
    ...(client.usesPkce && { code_verifier: authorization.codeVerifier }), // SECURITY.md B1: PKCE
  });
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: string;
  /** Masks our own secrets, which the server may repeat in the words of an error. */
  readonly mask?: (text: string) => string;
}

/**
 * Reads the answer of the token endpoint. An error object is an error with status 200, too: one was
 * once taken for success (passport-oauth2, CVE-2021-41580). With 404 or 5xx it is a web server's
 * own, which many write as JSON with an `error` in it, and no word of the OAuth server.
 *
 * @param answer the status and the body
 * @returns the tokens; unknown fields are ignored, `token_type` is not relied on
 * @throws {TokenResponseError} for an error object, whose `error` is a string (§5.2)
 * @throws {UnusableTokenResponseError} for anything else that is not a token
 * @see [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function readTokenResponse(answer: TokenAnswer): Tokens {
  const { status, body, mask = (text: string) => text } = answer;
  const fields = readFields(status, body);
  const isFromOAuthServer =
    // SECURITY.md C4: a 404 or 5xx with JSON comes from a failing web server, not from the OAuth server.
    status < 500 && status !== 404;
  // SECURITY.md B3: an error with status 200 is not a token (CVE-2021-41580).
  if (isFromOAuthServer && isErrorCode(fields['error'])) {
    const description = fields['error_description'];
    throw new TokenResponseError(
      mask(fields['error']),
      typeof description === 'string' ? mask(description) : undefined,
    );
  }
  const accessToken = fields['access_token'];
  if (
    // SECURITY.md B3: a token counts with status 200 only (§5.1).
    status !== 200 ||
    // SECURITY.md B3: an object or an empty string is not a token.
    !isUsableToken(accessToken)
  ) {
    throw new UnusableTokenResponseError(
      `status ${status}, no access_token of 1 to ${LONGEST_TOKEN} characters that can stand in a header`,
      // A success without a token is the server's final response, not an outage.
      status === 200,
    );
  }
  const refreshToken = fields['refresh_token'];
  const expiresInSeconds = readSeconds(fields['expires_in']);
  return {
    accessToken,
    ...(isUsableToken(refreshToken) && { refreshToken }), // SECURITY.md C2: it replaces the old one
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
  };
}

/** The codes of §5.2 are words; what is longer than a line is none, and would only cost time. */
function isErrorCode(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 200;
}

/** Of `null`, `7` and `"text"` every field is absent, as of `{}`. */
function readFields(status: number, body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    throw new UnusableTokenResponseError(`status ${status}, not JSON`);
  }
}

/**
 * A number, or a string of digits: servers send both. Anything else counts as not said, and so does
 * a life of over thirty years.
 */
function readSeconds(value: unknown): number | undefined {
  const isDigits = typeof value === 'string' && /^\d{1,12}$/.test(value);
  const seconds = isDigits ? Number(value) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e9 ? seconds : undefined;
}
