// Whom a program calls GoCD for. An OAuth token, as GoCD's documentation of OAuth says (the
// open-source servers answered 403, see README.md), or a personal access token (since 19.2).
import type { Request } from 'express';
import type { Gocd } from './gocd.js';
import type { GocdPerson } from './people.js';

/**
 * Finds out whose credential the request carries, and notes that it was used.
 *
 * @returns undefined when it carries none; the refusal, in GoCD's words, when it opens nothing
 */
export function ownerOf(
  request: Request,
  gocd: Gocd,
): { readonly person: GocdPerson } | { readonly refusal: string } | undefined {
  const oauthToken = oauthTokenIn(request);
  if (oauthToken === '') return { refusal: 'OAuth token cannot be blank!' };
  if (oauthToken !== undefined) {
    return gocd.grants.find(oauthToken) ?? { refusal: 'Invalid OAuth token provided!' };
  }
  // AccessTokenAuthenticationFilter.java
  const bearer = /^bearer (.*)$/i.exec(request.get('Authorization') ?? '')?.[1];
  return bearer === undefined ? undefined : ownerOfAccessToken(bearer, gocd);
}

/** The whole header, the quotes included (OauthAuthenticationFilter.java): any other is nobody's. */
export function oauthTokenIn(request: Request): string | undefined {
  return /^Token token="(.*?)"$/.exec(request.get('Authorization') ?? '')?.[1];
}

function ownerOfAccessToken(value: string, { accessTokens, clock }: Gocd) {
  const token = accessTokens.find(value);
  if (!token) return { refusal: 'Invalid Personal Access Token.' };
  if (token.revokedAt !== undefined) {
    // As Java prints a timestamp (RevokedAccessTokenException.java).
    const when = new Date(token.revokedAt).toISOString().replace('T', ' ').replace('Z', '');
    return { refusal: `Invalid Personal Access Token. Access token was revoked at: ${when}` };
  }
  token.lastUsedAt = clock.now();
  return { person: token.person };
}
