import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A document of ours in Markdown, and what it names. */
export interface Document {
  readonly path: string;
  readonly text: string;
  /** What is set as code, inline or in blocks. */
  readonly code: readonly string[];
}

/** Every document that somebody reads to use, change or copy this app. */
export const DOCUMENTS: readonly Document[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'src/sandbox/README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path))
    .sort(),
].map((path) => {
  const text = readFileSync(path, 'utf8');
  const blocks = text.matchAll(/^ *```\w*\n(.*?)^ *```$/gms);
  const spans = text.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`]+)`/g);
  return { path, text, code: [...blocks, ...spans].map(([, code = '']) => code) };
});

/** Links that lead nowhere: to no file, or to no heading in it. */
export function brokenLinks({ path, text }: Document): string[] {
  const inline = text.matchAll(/\]\((?!https?:)([^)]+)\)/g);
  const atTheEnd = text.matchAll(/^\[[^\]]+\]: (?!https?:)(\S+)$/gm);
  const links = [...inline, ...atTheEnd].map(([, link = '']) => link);
  return links.filter((link) => {
    const [file = '', heading] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    return !existsSync(target) || (heading !== undefined && !headingsOf(target).includes(heading));
  });
}

/** As GitHub makes them of headings. */
function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\d\s-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Files and folders of this tree. What is compiled stands for its source. */
export function filesIn({ text }: Document): string[] {
  const roots = /(?<![\w/.:-])(?:src|test|docs|views|public|dist|bench|\.ci|\.github)\/[\w/.-]*\w/g;
  return [...text.matchAll(roots)].map(([path]) =>
    path.replace(/^dist\/(.*)\.js$/, 'src/$1.ts').replace(/^dist$/, 'src'),
  );
}

/** Files of TypeScript that are no test or benchmark, however their path begins. */
export function sourceFilesIn({ text }: Document): string[] {
  return [...text.matchAll(/[\w/.-]+\.ts\b/g)]
    .map(([path]) => path)
    .filter((path) => !/^(?:\.\.\/)*(?:test|bench)\/|\.test\.ts$/.test(path));
}

/** Functions, which have parentheses: `takeSignIn()`. */
export function functionsIn({ code }: Document): string[] {
  return code.flatMap((each) => /^(\w+)\(\)$/.exec(each)?.[1] ?? []);
}

/** Fields and types, which have a capital letter within: `usesPkce`, `SessionStore`. */
export function namesIn({ code }: Document): string[] {
  return code.filter((each) => /^[A-Za-z]*[a-z][A-Z]\w*$/.test(each));
}

/** Paths that the app or the sandbox is said to answer at. */
export function routesIn({ text, code }: Document): string[] {
  const spans = code.flatMap((each) => /^(?:GET |POST )?(\/[\w./-]*)/.exec(each)?.[1] ?? []);
  const local = text.matchAll(/localhost:456[78](\/[\w./-]*)?/g);
  return [...new Set([...spans, ...[...local].map(([, path]) => path ?? '/')])];
}

/** Variables of the environment. */
export function variablesIn({ code }: Document): string[] {
  const names = code.flatMap((each) => each.match(/\b[A-Z][A-Z\d]*(?:_[A-Z\d]+)+\b/g) ?? []);
  return [...new Set(names)];
}

/** What is to be typed: every line of a block for the shell, and what begins like one in a sentence. */
export function commandsIn({ text }: Document): string[] {
  const fence = /^ *```(?:sh|bash|shell|console)\n(.*?)^ *```$/gms;
  const lines = [...text.matchAll(fence)].flatMap(([, block = '']) => block.split('\n'));
  const spans = [...text.replace(/^ *```.*?^ *```$/gms, '').matchAll(/`([^`]+)`/g)]
    .map(([, span = '']) => span)
    .filter((span) =>
      /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|foreman|docker|apt-get|heroku|git) /.test(span),
    );
  const commands = [...lines, ...spans].flatMap((line) =>
    line
      .replace(/(?:^|\s)#.*$/, '')
      .split('&&')
      .map((command) => command.trim()),
  );
  return [...new Set(commands)].filter((command) => command !== '');
}

/** Scripts of package.json. */
export function scriptsIn({ text }: Document): string[] {
  return [...text.matchAll(/npm (?:run (?:-s )?([\w:-]+)|(start|test)\b)/g)].map(
    ([, run, alone]) => run ?? alone ?? '',
  );
}
