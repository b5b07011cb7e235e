// The same app as most people would write it: Express, passport-oauth2 as its README shows it, and
// axios with its defaults.
import { join } from 'node:path';
import { env } from 'node:process';
import axios from 'axios';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import OAuth2Strategy from 'passport-oauth2';

const wsapi = `${env.PROVIDER_URL}/slm/webservice/v2.0`;

passport.use(
  new OAuth2Strategy(
    {
      authorizationURL: `${env.PROVIDER_URL}/login/oauth2/auth`,
      tokenURL: `${env.PROVIDER_URL}/login/oauth2/token`,
      clientID: env.RALLY_CLIENT_ID,
      clientSecret: env.RALLY_CLIENT_SECRET,
      callbackURL: `${env.SERVER_URL}/oauth-redirect`,
      scope: 'alm',
      state: true,
      pkce: true,
    },
    async (accessToken, refreshToken, _profile, done) => {
      try {
        const { data } = await axios.get(`${wsapi}/user`, { headers: { zsessionid: accessToken } });
        const { ObjectID: id, DisplayName: name } = data.User;
        done(null, { id, name, accessToken, refreshToken });
      } catch (error) {
        done(error);
      }
    },
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.set('view engine', 'ejs').set('views', join(import.meta.dirname, 'views'));
app.use(session({ secret: env.SESSION_SECRET, resave: false, saveUninitialized: false }));
app.use(passport.session());

app.get('/', (request, response) => {
  response.render('home', { person: request.user });
});

app.get('/login/rally', passport.authenticate('oauth2'));

app.get('/oauth-redirect', passport.authenticate('oauth2'), (_request, response) => {
  response.redirect('/rally');
});

app.get('/rally', async (request, response) => {
  if (!request.user) {
    response.sendStatus(401);
    return;
  }
  const { id, accessToken } = request.user;
  const { data } = await axios.get(`${wsapi}/hierarchicalrequirement`, {
    params: {
      query: `(Owner = "/user/${id}")`,
      order: 'Rank,ObjectID',
      fetch: 'ObjectID,FormattedID,Name,ScheduleState,PlanEstimate',
      start: 1,
      pagesize: 20,
    },
    headers: { zsessionid: accessToken },
  });
  response.render('rally', { person: request.user, stories: data.QueryResult.Results });
});

app.listen(Number(env.PORT));
