/**
 * An OAuth client as one authorization server knows it (RFC 6749 §2), together with what that
 * server expects on the wire. Everything in this folder takes one of these.
 */
export interface OAuthClient {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Must be registered with the server and is compared byte for byte (RFC 6749 §3.1.2.3). */
  readonly redirectUri: string;
  /** Left out of the request where undefined. */
  readonly scope?: string;
  /** Whether to send a PKCE challenge (RFC 7636). A server that does not know it ignores it. */
  readonly usesPkce: boolean;
  /** The server's own spelling of `grant_type`: not every server follows RFC 6749's. */
  readonly grantTypes: { readonly authorizationCode: string; readonly refreshToken: string };
  /** Whether a refresh repeats the redirect URI, which RFC 6749 §6 does not ask for. */
  readonly sendsRedirectUriOnRefresh: boolean;
  /** Whether an error redirect returns `state`, as RFC 6749 §4.1.2.1 requires. */
  readonly returnsStateOnErrors: boolean;
  /** The server's issuer identifier, compared with `iss` where a response has one (RFC 9207). */
  readonly issuer: string;
}
