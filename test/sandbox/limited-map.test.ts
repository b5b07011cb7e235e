// Through the front door it would take a hundred thousand sign-ins.
import { describe, expect, test } from '@jest/globals';
import { LimitedMap } from '../../src/sandbox/limited-map.js';

describe('a map with a limit', () => {
  test('forgets its oldest entry when one too many comes', () => {
    const map = new LimitedMap<string, number>(2);
    map.set('first', 1).set('second', 2).set('third', 3);

    expect([...map]).toEqual([
      ['second', 2],
      ['third', 3],
    ]);
  });

  test('forgets nothing when an entry is only changed', () => {
    const map = new LimitedMap<string, number>(2);
    map.set('first', 1).set('second', 2).set('second', 3);

    expect([...map]).toEqual([
      ['first', 1],
      ['second', 3],
    ]);
  });
});
