import { describe, expect, test } from '@jest/globals';
import { mask, maskSent, maskText, rememberSecret, withSecretsOfItsOwn } from '../src/mask.js';
import { Secrets } from '../src/secrets.js';

const TOKEN = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';

describe('mask', () => {
  test('shows enough to tell two secrets apart, and too little to use one', () => {
    expect(mask(TOKEN)).toBe('Ovp8…3aQs');
  });

  test('shows nothing of a short secret', () => {
    expect(mask('short-secret')).toBe('…');
  });
});

describe('maskText', () => {
  test.each([
    ['a URL', `https://app/oauth-redirect?code=${TOKEN}&state=abcdefghijklmnop`],
    ['a form', `grant_type=authorization_code&client_secret=${TOKEN}`],
    ['JSON', `{"access_token":"${TOKEN}"}`],
    ['GoCD’s Ruby hash', `{:access_token => ${TOKEN}}`],
    ['Rally’s header', `zsessionid: ${TOKEN}`],
    ['GoCD’s header', `Authorization: Token token="${TOKEN}"`],
    ['a sentence', `The token ${TOKEN} is unknown`],
  ])('masks a secret in %s', (_place, text) => {
    expect(maskText(text)).not.toContain(TOKEN);
  });

  test('masks what JSON has between quotes as a whole', () => {
    expect(maskText('{"access_token":"one, two & \\" three"}')).not.toMatch(/one|two|three/);
  });

  test('masks a known secret anywhere, also as it stands in a URL', () => {
    expect(
      maskText('?a=my%20se%2Fcret&b=my+se%2Fcret my se/cret', new Secrets(['my se/cret'])),
    ).toBe('?a=…&b=… …');
  });

  test('leaves alone what is masked already', () => {
    const once = maskText(`{"access_token":"${TOKEN}"}`);

    expect(once).toContain(mask(TOKEN));
    expect(maskText(once)).toBe(once);
  });

  test('masks a short value that is named like a secret', () => {
    expect(maskText('code=abc&password="hunter2"')).toBe('code=…&password="…"');
  });

  test.each(['unsupported_grant_type', 'redirect-uri-mismatch', 'temporarily_unavailable'])(
    'leaves the word %s alone',
    (word) => {
      expect(maskText(word)).toBe(word);
    },
  );

  test.each([TOKEN, 'short', `$&${TOKEN}`, "$'$`$$"])(
    'masks %s to the letter where it was sent to a provider',
    (secret) => {
      withSecretsOfItsOwn(() => {
        rememberSecret(secret);

        expect(maskText(`is ${secret} ours?`)).toBe(`is ${mask(secret)} ours?`);
      });
    },
  );
});

describe('a secret that was sent', () => {
  const SECRET = 'Qx8_a/b+c&<~é';

  test.each([
    ['as it is', SECRET],
    ['in upper case', SECRET.toUpperCase()],
    ['in lower case', SECRET.toLowerCase()],
    ['escaped for a URL', encodeURIComponent(SECRET)],
    ['escaped for a URL, and more than needed', 'Qx8%5fa%2fb%2Bc%26%3C%7E%c3%a9'],
    ['escaped for HTML', 'Qx8_a/b+c&amp;&lt;~é'],
    ['escaped for HTML by number', '&#81;&#x78;8_a/b&#43;c&#038;&#x3C;~&#233;'],
    ['escaped for JSON', 'Qx8_a\\/b+c\\u0026\\u003c~\\u00E9'],
    ['in base64', Buffer.from(SECRET).toString('base64')],
  ])('is masked %s', (_form, repeated) => {
    withSecretsOfItsOwn(() => {
      rememberSecret(SECRET);

      expect(maskSent(`a ${repeated} b`)).toMatch(/^a …=* b$/);
    });
  });

  // A code comes from whoever opens the redirect URI, and is as long as they like.
  test.each([100, 2000, 6000, 16_000])('is masked though it has %i characters', (length) => {
    const secret = 'Ab/1'.repeat(length / 4);
    withSecretsOfItsOwn(() => {
      rememberSecret(secret);

      expect(maskSent(`a ${encodeURIComponent(secret)} b ${secret}`)).toBe(
        'a Ab/1…Ab/1 b Ab/1…Ab/1',
      );
    });
  });

  test.each(['%', '&#', '&#x', '\\u', '\\'])('is masked behind %s', (before) => {
    const secret = '41414141-41aB';
    withSecretsOfItsOwn(() => {
      rememberSecret(secret);

      expect(maskSent(`a ${before}${secret} b`)).toMatch(/^a \S{0,3}… b$/);
    });
  });

  test.each(['50%41 off', 'back\\slash', 'at&lt;last', 'so%C3 odd', 'İstanbul'])(
    'is masked though it has in itself what looks like an escape: %s',
    (secret) => {
      withSecretsOfItsOwn(() => {
        rememberSecret(secret);
        const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];

        expect(forms.map((form) => maskSent(`a ${form} b`))).toEqual(Array(3).fill('a … b'));
      });
    },
  );

  test('leaves all escapes around it as they were', () => {
    withSecretsOfItsOwn(() => {
      rememberSecret(SECRET);

      expect(maskSent(`%e4 é %c3%a9 &lt; \\n ${encodeURIComponent(SECRET)}%26 &amp;`)).toBe(
        '%e4 é %c3%a9 &lt; \\n …%26 &amp;',
      );
    });
  });

  test('is masked for the request that it was sent for alone', () => {
    withSecretsOfItsOwn(() => {
      rememberSecret(SECRET);
    });
    withSecretsOfItsOwn(() => {
      expect(maskSent(SECRET)).toBe(SECRET);
    });
  });
});
