import { expect, test } from '@jest/globals';
import { defencesIn } from './defences.js';
import { apply } from './operators.js';

/** The code without the defences that its comments mark. */
function takenOut(code: string): string {
  return defencesIn('code.ts', code)
    .toReversed()
    .reduce((text, { change }) => (change ? apply(change, text) : text), code)
    .replace(/\s*\/\/.*|\s*\/\*.*\*\//g, '')
    .replace(/\s+/g, ' ')
    .replaceAll('( ', '(')
    .trim();
}

test.each([
  ['// SECURITY.md A4: why.\nif (isForged) throw forged;', 'if (false) throw forged;'],
  ['if (isForged) throw forged; // SECURITY.md A4: why', 'if (false) throw forged;'],
  ['use(a &&\n// SECURITY.md A4: why\nb)', 'use(a && true)'],
  ['if (\n// SECURITY.md A4: why\na || b) refuse();', 'if (false || b) refuse();'],
  ['const MOST = 2 * 20; // SECURITY.md A4: why', 'const MOST = 1000 * (2 * 20);'],
  ['/** SECURITY.md A4: why */\nexport const MOST = 20;', 'export const MOST = 1000 * (20);'],
  [
    'const state = uuid(); // SECURITY.md A4: why',
    'const state = (globalThis.firstValue ??= uuid());',
  ],
  ['const shown = mask(text); // SECURITY.md A4: why', 'const shown = text;'],
  ['const some = rows.slice(0, 20); // SECURITY.md A4: why', 'const some = rows;'],
  ['show(\n// SECURITY.md A4: why\nmask(text))', 'show(text)'],
  ['const x = a ? b :\n// SECURITY.md A4: why\nundefined', 'const x = b'],
  ['set({ httpOnly: true, // SECURITY.md A4: why\n})', 'set({ httpOnly: false, })'],
  ['set({ sameSite: "lax", // SECURITY.md A4: why\npath })', 'set({ ...{}, path })'],
  ['set({\n// SECURITY.md A4: why\n...(a && { b }) })', 'set({ ...{} })'],
  ['use([limit, // SECURITY.md A4: why\nroute])', 'use([...[], route])'],
  ['// SECURITY.md A4: why\nawait store.end(id);\nnext();', '{} next();'],
  ['skip(() =>\n// SECURITY.md A4: why\nlimit === 0)', 'skip(() => !(limit === 0))'],
])('%j becomes %j', (code, without) => {
  expect(takenOut(code)).toBe(without);
});

test('a comment that names SECURITY.md further on marks nothing', () => {
  expect(defencesIn('code.ts', '// See SECURITY.md A4: why.\nif (isForged) refuse();')).toEqual([]);
});
