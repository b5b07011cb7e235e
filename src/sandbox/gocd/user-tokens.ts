// /go/oauth/user_tokens: what a person has allowed applications, to take it back. The tokens
// themselves are never shown (the engine's user_tokens_controller.rb).
import { Router, type Request, type Response } from 'express';
import type { Gocd } from './gocd.js';
import type { Grant } from './grants.js';
import type { Pages } from './pages.js';
import { railsForms } from './rails-forms.js';

const TOKENS = '/go/oauth/user_tokens';
const ADMIN = '/go/oauth/admin/user_tokens/revoke_by_admin';

export function userTokens({ grants }: Gocd, { login, show }: Pages): Router {
  const router = Router();
  router.use([TOKENS, ADMIN], railsForms(login));

  router.get(TOKENS, (request, response) => {
    const person = login.personOf(response);
    const tokens = grants.all.filter((grant) => grant.person === person);
    show(request, response, 'gocd-user-tokens', { title: 'OAuth Access Tokens', tokens });
  });

  router.delete(`${TOKENS}/revoke/:token_id`, (request, response) => {
    const person = login.personOf(response);
    const id = request.params.token_id;
    const token = grants.all.find((grant) => grant.id === id && grant.person === person);
    if (token) revoke([token], request, response);
    else notAuthorized(response);
  });

  // Anybody's token, or all of somebody's. The engine has no page for it.
  router.delete(ADMIN, (request, response) => {
    const { token_id: id, user_id: userName } = request.query;
    const tokens = grants.all.filter((grant) =>
      id ? grant.id === id : grant.person.userName === userName,
    );
    // An unknown token is a fault; a person without tokens is not.
    if (tokens.length > 0 || (!id && userName)) revoke(tokens, request, response);
    else notAuthorized(response);
  });

  return router;

  function revoke(tokens: readonly Grant[], request: Request, response: Response): void {
    for (const token of tokens) grants.remove(token);
    const text = 'OAuth access token was successfully deleted.';
    request.session.notice = { text };
    response.redirect(302, TOKENS);
  }
}

/** One answer for an unknown token and for another person's: ids are not to be found out by trying. */
function notAuthorized(response: Response): void {
  response.status(400).type('html').send('You are not authorized to perform this action!');
}
