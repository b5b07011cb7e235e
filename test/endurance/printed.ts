import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Longer runs of such characters, with capitals and digits, are nobody's words. */
const LOOKS_SECRET = /(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}/g;
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;

/** Watches over what a process prints: no secret, no fault, and the ids that its pages have shown. */
export class Printed {
  lines = 0;
  private readonly known = new Set<string>();
  private readonly found = new Set<string>();
  private readonly missingIds = new Set<string>();
  private readonly loggedIds = new Set<string>();

  constructor({ stdout, stderr }: ChildProcess) {
    for (const input of [stdout, stderr]) {
      if (!input) continue;
      createInterface({ input }).on('line', (line) => {
        this.read(line);
      });
    }
  }

  get secrets(): number {
    return this.known.size;
  }

  /** From now on this must not be printed. */
  keepSecret(secret: string): void {
    this.known.add(secret);
  }

  /** A page has shown this id, so the log must have it. */
  expectId(id: string): void {
    if (!this.loggedIds.delete(id)) this.missingIds.add(id);
  }

  /** What was wrong with all that was printed. */
  faults(): string[] {
    const ids = this.missingIds.size > 0 ? [`${this.missingIds.size} ids are not in the log`] : [];
    return [...this.found, ...ids];
  }

  private read(line: string): void {
    this.lines++;
    const id = /"id":"([\da-f-]{36})"/.exec(line)?.[1];
    if (id && line.includes('request answered') && !this.missingIds.delete(id)) {
      if (/"status":[45]/.test(line)) this.loggedIds.add(id);
    }
    for (const word of line.match(/[\w%.~-]{12,}/g) ?? []) {
      if (this.known.has(word)) this.found.add(`a secret was printed: ${line.slice(0, 200)}`);
    }
    for (const run of line.match(LOOKS_SECRET) ?? []) {
      if (!UUID.test(run))
        this.found.add(`this looks like a secret: ${run.slice(0, 6)}… in ${line.slice(0, 200)}`);
    }
    if (line.includes('"level":"fatal"') || /^\(node:\d+\)/.test(line)) this.found.add(line);
  }
}
