import { describe, expect, test } from '@jest/globals';
import { createLog } from '../src/log.js';

const TOKEN = 'Ovp8AQ4pRMADXUmzR44V5IFb8ViYUdxhYJkd123aQs';

describe('createLog', () => {
  test('writes of an error what happened and where, but no secret', () => {
    const lines: string[] = [];
    const log = createLog('info', { write: (line: string) => void lines.push(line) });
    const cause = Object.assign(new Error(`refused ${TOKEN}`), { config: { data: TOKEN } });
    log.error({ err: new Error(`line one\nclient_secret=${TOKEN}`, { cause }) }, 'failed');

    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(TOKEN);
    expect(lines[0]).toContain('line one');
    expect(lines[0]).toContain('log.test.ts');
    expect(lines[0]).toContain('refused');
  });
});
