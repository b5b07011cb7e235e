import { describe, expect, test } from '@jest/globals';
import { addressOf, readAddress } from '../../src/gocd-page/address.js';
import { boardOf } from '../../src/gocd-page/board.js';
import { activityOf, resultOf, timeOf } from '../../src/gocd-page/words.js';
import type { Pipeline } from '../../src/providers/gocd-cctray.js';

function pipeline(name: string, lastBuildStatus: string, activity = 'Sleeping'): Pipeline {
  return { name, label: '1', lastBuildTime: undefined, lastBuildStatus, activity, stages: [] };
}

const ALL = [
  pipeline('b-passed', 'Success'),
  pipeline('a-passed', 'Success'),
  pipeline('odd', 'Exception'),
  pipeline('building', 'Success', 'Building'),
  pipeline('z-broken', 'Failure'),
  pipeline('mending', 'Failure', 'Building'),
];

const names = (query: Record<string, unknown>) =>
  boardOf(ALL, readAddress(query)).pipelines.map(({ name }) => name);

describe('the order of /gocd', () => {
  test('is what is broken, what is building, what is odd, then the rest, each by name', () => {
    expect(names({})).toEqual(['mending', 'z-broken', 'building', 'odd', 'a-passed', 'b-passed']);
  });
});

describe('the numbers of /gocd', () => {
  test('count each pipeline once, and all of them whatever is chosen', () => {
    const { counts, chosen } = boardOf(ALL, readAddress({ text: 'broken' }));

    expect(counts).toEqual({ all: 6, failed: 2, building: 1, passed: 2, other: 1 });
    expect(chosen).toBe(1);
  });
});

describe('what is chosen on /gocd', () => {
  test.each([
    [{ status: 'failed' }, ['mending', 'z-broken']],
    [{ status: 'building' }, ['mending', 'building']], // a broken one that is being mended, too
    [{ status: 'passed' }, ['a-passed', 'b-passed']],
    [{ status: 'other' }, ['odd']],
    [{ text: 'PASSED' }, ['a-passed', 'b-passed']],
    [{ text: '.' }, []], // a text, and no pattern
    [{ text: 'b', status: 'failed' }, ['z-broken']],
  ])('%j', (query, expected) => {
    expect(names(query)).toEqual(expected);
  });

  test('is two hundred at a time', () => {
    const many = Array.from({ length: 450 }, (_, index) => pipeline(`p${index}`, 'Success'));
    const pages = ['1', '2', '3', '4'].map((page) => boardOf(many, readAddress({ page })));

    expect(pages.map(({ pipelines }) => pipelines.length)).toEqual([200, 200, 50, 0]);
    expect(pages.map(({ next }) => next)).toEqual([2, 3, undefined, undefined]);
    expect(pages.map(({ previous }) => previous)).toEqual([undefined, 1, 2, 3]);
    expect(pages[2]).toMatchObject({ first: 401, last: 450, chosen: 450 });
    expect(new Set(pages.flatMap(({ pipelines }) => pipelines)).size).toBe(450);
  });
});

describe('the address of /gocd', () => {
  test.each([
    [{}, '/gocd'],
    [{ text: '', status: '', page: '1' }, '/gocd'],
    [{ text: 'a b&c', status: 'failed', page: '2' }, '/gocd?text=a+b%26c&status=failed&page=2'],
  ])('reads %j and writes %s', (query, address) => {
    expect(addressOf(readAddress(query))).toBe(address);
  });

  test.each([
    { text: ['a', 'b'] },
    { text: 'x'.repeat(101) },
    { status: 'Failed' },
    { status: ['failed'] },
    { page: '0' },
    { page: '1.5' },
    { page: '9999999' },
    { page: { a: '1' } },
  ])('refuses %j', (query) => {
    expect(() => readAddress(query)).toThrow(`${Object.keys(query)[0] ?? ''} is not`);
  });
});

describe('the words of /gocd', () => {
  const NOW = Date.UTC(2026, 10, 22, 12, 0);

  test.each([
    [-60_000, 'just now'],
    [59_000, 'just now'],
    [5 * 60_000, '5 min ago'],
    [60 * 60_000, '1 h ago'],
    [61 * 60_000, '1 h 1 min ago'],
    [120 * 60_000, '2 hours ago'],
    [3 * 3_600_000, '3 hours ago'],
    [50 * 3_600_000, '2 days ago'],
  ])('tell how long ago %i ms are', (age, words) => {
    expect(timeOf({ text: '', instant: NOW - age }, NOW).words).toBe(words);
  });

  test('tell the moment in UTC, or that its zone is not known', () => {
    expect(timeOf({ text: '', instant: NOW }, NOW).exact).toBe('2026-11-22 12:00 UTC');
    expect(timeOf({ text: '2018-07-01T10:00:00' }, NOW)).toEqual({
      words: '2018-07-01 10:00:00',
      exact: 'the server’s own time zone',
    });
  });

  test('tell a state by more than its colour, and one that the format allows as it came', () => {
    const [passed, , odd, building] = ALL;

    expect([passed, odd].map((status) => status && resultOf(status).words)).toEqual([
      'passed',
      'Exception',
    ]);
    expect([passed, building].map((status) => status && activityOf(status))).toEqual([
      undefined,
      'building now',
    ]);
    expect(activityOf(pipeline('p', 'Success', 'CheckingModifications'))).toBe(
      'CheckingModifications',
    );
  });
});
