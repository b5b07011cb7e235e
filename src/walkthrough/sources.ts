// The walkthrough's steps name functions. This finds the files that declare them, so that a file can be
// moved without an edit here.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SYMBOLS } from './steps.js';

const SRC = join(import.meta.dirname, '../../src');

const DECLARATION =
  /^(?:export )?(?:async |abstract )?(?:function\*?|class|interface|type|const) (\w+)/;

/** The name that a line at the top level of a file declares. */
export function declaredIn(line: string): string | undefined {
  return DECLARATION.exec(line)?.[1];
}

let paths: ReadonlyMap<string, string> | undefined;

/**
 * For each symbol that a step names, the path of its file below src/. The first call reads the files:
 * at the app's start that would cost every process 10 ms, and most serve no walkthrough.
 */
export async function sourcePaths(): Promise<ReadonlyMap<string, string>> {
  return (paths ??= await findDeclarations(SYMBOLS, SRC));
}

/** The text of one of these files. */
export function readSource(path: string): Promise<string> {
  return readFile(join(SRC, path), 'utf8');
}

/**
 * Finds which files below a folder declare the symbols. The sandbox is left out: it is no part of the
 * client, and uses some of the same names.
 *
 * @returns for each symbol the path of its file, relative to the folder
 * @throws {Error} naming a symbol that no file declares, or more than one
 */
export async function findDeclarations(
  symbols: readonly string[],
  folder: string,
): Promise<Map<string, string>> {
  const paths = (await readdir(folder, { recursive: true }))
    .map((path) => path.replaceAll('\\', '/')) // on Windows
    .filter((path) => path.endsWith('.ts') && !path.startsWith('sandbox/'));
  const files = await Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(folder, path), 'utf8');
      return { path, names: new Set(text.split('\n').map(declaredIn)) };
    }),
  );
  const found = new Map<string, string>();
  for (const symbol of symbols) {
    const [file, another] = files.filter(({ names }) => names.has(symbol));
    const named = `the walkthrough names ${symbol}, which`;
    if (!file) throw new Error(`${named} no file of src/ declares`);
    if (another) throw new Error(`${named} both ${file.path} and ${another.path} declare`);
    found.set(symbol, file.path);
  }
  return found;
}
