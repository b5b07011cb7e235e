// Finds the defences of the source code: each stands behind a comment that begins with its clause.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { isBranch, isChain, isElement, takeOut, takeOutEscapes, type Change } from './operators.js';

/** A place in the code that a comment marks as the defence of a clause. */
export interface Defence {
  readonly clause: string;
  /** Whether the others of this clause that say so are taken out together with it. */
  readonly isJoint: boolean;
  readonly file: string;
  /** The line of the code, counted from 1. */
  readonly line: number;
  /** The first line of the code that is taken out. */
  readonly code: string;
  /** Undefined where no operator knows how to take the code out. */
  readonly change: Change | undefined;
}

/**
 * A tag begins its comment: `SECURITY.md A4: reason`, or `SECURITY.md B4, E1: reason`. Defences that cover
 * for each other have a plus, `SECURITY.md C1+: reason`, and are taken out together.
 */
const TAG = /^(?:\/\/|\/\*+|<%#)[\s*]*SECURITY\.md ([A-Z]\d+\+?(?:, [A-Z]\d+\+?)*):/;

/** What is taken out at a time: one defence, or those that cover for each other. */
export type Mutation = readonly [Defence, ...Defence[]];

/** In the order of the clauses. */
export function findMutations(): Mutation[] {
  const mutations: [Defence, ...Defence[]][] = [];
  for (const defence of findDefences()) {
    const partner = mutations.find(
      ([{ isJoint, clause }]) => isJoint && defence.isJoint && clause === defence.clause,
    );
    if (partner) partner.push(defence);
    else mutations.push([defence]);
  }
  return mutations;
}

/** All defences below the working directory. */
export function findDefences(): Defence[] {
  return [
    ...filesBelow('src', '.ts').flatMap((file) => defencesIn(file, readFileSync(file, 'utf8'))),
    ...filesBelow('views', '.ejs').flatMap((file) => escapesIn(file, readFileSync(file, 'utf8'))),
  ].sort((one, other) => one.clause.localeCompare(other.clause, 'en', { numeric: true }));
}

export function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path))
    .sort();
}

/** The defences that comments mark in a TypeScript file. */
export function defencesIn(file: string, text: string): Defence[] {
  if (!text.includes('SECURITY.md')) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const tokens = tokensOf(source, source);
  return tokens.flatMap((token, index) => {
    const before = ts.getLeadingCommentRanges(text, token.pos) ?? [];
    const after = ts.getTrailingCommentRanges(text, token.end) ?? [];
    return [
      ...before.map((comment) => ({ comment, node: nodeFrom(token, source) })),
      ...after.map((comment) => ({ comment, node: nodeBefore(tokens, index, source) })),
    ].flatMap(({ comment, node }) =>
      clausesOf(text.slice(comment.pos, comment.end)).map((named) => {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        return {
          ...{ ...named, file, line: line + 1 },
          code: node.getText(source).split('\n', 1).join(''),
          change: takeOut(node, source),
        };
      }),
    );
  });
}

/** The escapes of a view: all that stand after the comment. */
function escapesIn(file: string, text: string): Defence[] {
  return [...text.matchAll(/<%#.*?%>/gs)].flatMap(({ 0: comment, index }) =>
    clausesOf(comment).map((named) => ({
      ...{ ...named, file, line: text.slice(0, index).split('\n').length },
      code: '<%= … %>',
      change: takeOutEscapes(text, index + comment.length),
    })),
  );
}

function clausesOf(comment: string): Pick<Defence, 'clause' | 'isJoint'>[] {
  const names = TAG.exec(comment)?.[1]?.split(', ') ?? [];
  return names.map((name) => ({ clause: name.replace('+', ''), isJoint: name.endsWith('+') }));
}

function tokensOf(node: ts.Node, source: ts.SourceFile): ts.Node[] {
  if (ts.isTokenKind(node.kind)) return [node];
  const isComment =
    node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode;
  return isComment ? [] : node.getChildren(source).flatMap((child) => tokensOf(child, source));
}

/** After these a comment is about the code that follows. */
const OPENING = new Set([
  ts.SyntaxKind.OpenBraceToken,
  ts.SyntaxKind.OpenParenToken,
  ts.SyntaxKind.OpenBracketToken,
  ts.SyntaxKind.QuestionToken,
  ts.SyntaxKind.ColonToken,
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.EqualsGreaterThanToken,
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.ElseKeyword,
  ts.SyntaxKind.ReturnKeyword,
]);

/** What a comment at the end of a line is about. */
function nodeBefore(tokens: readonly ts.Node[], index: number, source: ts.SourceFile): ts.Node {
  const token = tokens[index] ?? source;
  const next = tokens[index + 1];
  if (next && OPENING.has(token.kind)) return nodeFrom(next, source);
  const last = token.kind === ts.SyntaxKind.CommaToken ? tokens[index - 1] : token;
  return markedNode(last ?? token, ({ end }) => end === last?.end);
}

/** What a comment before a token is about. */
function nodeFrom(token: ts.Node, source: ts.SourceFile): ts.Node {
  const start = token.getStart(source);
  return markedNode(token, (node) => node.getStart(source) === start);
}

/**
 * The largest statement, property or element of a list that begins, or ends, where the token does. In
 * an expression it is the largest one that is no chain of conditions.
 */
function markedNode(token: ts.Node, isAligned: (node: ts.Node) => boolean): ts.Node {
  const around: ts.Node[] = [];
  for (let node = token; !isEnclosing(node) && isAligned(node); node = node.parent)
    around.push(node);
  const whole = around.findLast((node) => isStatement(node) || ts.isObjectLiteralElement(node));
  if (whole) return whole;
  const limit = around.findIndex((node) => isChain(node) || isPart(node));
  const isWithin = limit < 0 ? around : around.slice(0, isChain(around[limit]) ? limit : limit + 1);
  return isWithin.at(-1) ?? token;
}

function isEnclosing(node: ts.Node): boolean {
  return ts.isSourceFile(node) || ts.isBlock(node);
}

function isStatement(node: ts.Node): boolean {
  return node.kind >= ts.SyntaxKind.FirstStatement && node.kind <= ts.SyntaxKind.LastStatement;
}

/** An element of an array, or a branch of a choice. */
function isPart(node: ts.Node): boolean {
  return isElement(node) || isBranch(node);
}
