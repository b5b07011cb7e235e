// The floor: Express, express-session and EJS with the app's routes, and nothing asked of any provider.
// No app on these three can be faster.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { env } from 'node:process';
import { URL } from 'node:url';
import express from 'express';
import session from 'express-session';

const stories = Array.from({ length: 20 }, (_, index) => ({
  FormattedID: `US${index + 1}`,
  Name: `Story ${index + 1} of a team that writes middling names`,
  ScheduleState: 'In-Progress',
  PlanEstimate: 3,
}));

const app = express();
app.set('view engine', 'ejs').set('views', join(import.meta.dirname, 'views'));
app.use(session({ secret: env.SESSION_SECRET, resave: false, saveUninitialized: false }));

app.get('/', (request, response) => {
  response.render('home', { person: request.session.person });
});

app.get('/login/rally', (request, response) => {
  request.session.state = randomUUID();
  const url = new URL(`${env.PROVIDER_URL}/login/oauth2/auth`);
  url.searchParams.set('redirect_uri', `${env.SERVER_URL}/oauth-redirect`);
  url.searchParams.set('state', request.session.state);
  response.redirect(url.href);
});

app.get('/oauth-redirect', (request, response, next) => {
  if (!request.query.state || request.query.state !== request.session.state) {
    response.sendStatus(403);
    return;
  }
  request.session.regenerate((error) => {
    if (error) {
      next(error);
      return;
    }
    Object.assign(request.session, {
      accessToken: randomUUID(),
      refreshToken: randomUUID(),
      expiresAt: Date.now() + 86_400_000,
      person: { id: 1, name: 'Ada' },
    });
    response.redirect('/rally');
  });
});

app.get('/rally', (request, response) => {
  const { person } = request.session;
  if (person) response.render('rally', { person, stories });
  else response.sendStatus(401);
});

app.listen(Number(env.PORT));
