// /go/access_tokens: a person's personal access tokens (GoCD's documentation, "Access tokens").
import { Router } from 'express';
import { formField } from '../form-field.js';
import type { Gocd } from './gocd.js';
import type { Pages } from './pages.js';
import { railsForms } from './rails-forms.js';

declare module 'express-session' {
  interface SessionData {
    /** The id of the access token that was just made: the next page shows its value, and no other. */
    newAccessToken?: string;
  }
}

const TOKENS = '/go/access_tokens';
const VIEW = 'gocd-access-tokens';
const TITLE = 'Personal Access Tokens';

export function accessTokens(gocd: Gocd, { login, show }: Pages): Router {
  const router = Router();
  router.use(TOKENS, railsForms(login));

  router.get(TOKENS, (request, response) => {
    const tokens = gocd.accessTokens.of(login.personOf(response));
    const created = tokens.find(({ id }) => id === request.session.newAccessToken);
    if (request.method === 'GET') delete request.session.newAccessToken; // shown once, not by HEAD
    show(request, response, VIEW, { title: TITLE, tokens, created });
  });

  router.post(TOKENS, (request, response) => {
    const person = login.personOf(response);
    const description = formField(request, 'description');
    if (!description) {
      const tokens = gocd.accessTokens.of(person);
      const fault = 'Description must be present';
      show(request, response.status(422), VIEW, { title: TITLE, tokens, fault });
      return;
    }
    request.session.newAccessToken = gocd.accessTokens.create(person, description).id;
    response.redirect(303, TOKENS);
  });

  // The answer is the same for another's token: ids are not to be found out by trying.
  router.post(`${TOKENS}/:id/revoke`, (request, response, next) => {
    const own = gocd.accessTokens.of(login.personOf(response));
    const token = own.find(({ id }) => id === request.params.id);
    if (!token) {
      next();
      return;
    }
    gocd.accessTokens.revoke(token);
    request.session.notice = { text: 'The access token was revoked.' };
    response.redirect(303, TOKENS);
  });

  return router;
}
