// How a defence is taken out, by the kind of code that it is. An operator knows nothing of this app.
import ts from 'typescript';

/** A new text for a part of a file. */
export interface Change {
  /** How the defence is taken out, in words. */
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Operator = (node: ts.Node, text: (node: ts.Node) => string) => Edit | undefined;
/** A node, and the text that replaces it. */
type Edit = readonly [ts.Node, string];

/** The first that applies is taken. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  'operand is neutral': (node) => {
    const { parent } = node;
    if (!isChain(parent)) return undefined;
    const isAnd = parent.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
    return [node, String(isAnd)];
  },

  'the other branch is always taken': (node, text) => {
    if (!isBranch(node)) return undefined;
    const { parent } = node;
    const isFirst = node.pos === parent.whenTrue.pos;
    return [parent, text(isFirst ? parent.whenFalse : parent.whenTrue)];
  },

  'guard never applies': (node) =>
    ts.isIfStatement(node) ? [node.expression, 'false'] : undefined,

  'flag is inverted': (node) => {
    if (!ts.isPropertyAssignment(node)) return undefined;
    if (node.initializer.kind === ts.SyntaxKind.TrueKeyword) return [node.initializer, 'false'];
    if (node.initializer.kind === ts.SyntaxKind.FalseKeyword) return [node.initializer, 'true'];
    return undefined;
  },

  'limit is 1,000 times as high': (node, text) => {
    const value = valueOf(node);
    return value && isPositiveNumber(value) ? [value, `1000 * (${text(value)})`] : undefined;
  },

  'first value is used for ever': (node, text) => {
    const value = ts.isVariableStatement(node) ? valueOf(node) : undefined;
    if (!value || !ts.isCallExpression(value) || value.arguments.length > 0) return undefined;
    return [value, `(globalThis.firstValue ??= ${text(value)})`];
  },

  // `maskText(text)` becomes `text`, and `rows.slice(0, 20)` becomes `rows`.
  'call returns what it was given': (node, text) => {
    const call = valueOf(node);
    if (!call || !ts.isCallExpression(call)) return undefined;
    const [argument] = call.arguments;
    if (argument && !ts.isLiteralExpression(argument)) return [call, text(argument)];
    if (!ts.isPropertyAccessExpression(call.expression)) return undefined;
    return [call, text(call.expression.expression)];
  },

  'comparison is negated': (node, text) =>
    isValue(node) && ts.isBinaryExpression(node) ? [node, `!(${text(node)})`] : undefined,

  'element is left out': (node) => (isElement(node) ? [node, '...[]'] : undefined),

  'property is left out': (node) => (ts.isObjectLiteralElement(node) ? [node, '...{}'] : undefined),

  'statement is left out': (node) =>
    ts.isExpressionStatement(node) || ts.isThrowStatement(node) || ts.isForOfStatement(node)
      ? [node, '{}']
      : undefined,
};

/** @returns undefined where no operator applies */
export function takeOut(node: ts.Node, source: ts.SourceFile): Change | undefined {
  const text = (part: ts.Node) => part.getText(source);
  for (const [operator, apply] of Object.entries(OPERATORS)) {
    const edit = apply(node, text);
    if (!edit) continue;
    const [part, replacement] = edit;
    return { operator, start: part.getStart(source), end: part.end, text: replacement };
  }
  return undefined;
}

/** @returns undefined where the rest of the view escapes nothing */
export function takeOutEscapes(view: string, start: number): Change | undefined {
  const rest = view.slice(start);
  if (!rest.includes('<%=')) return undefined;
  const text = rest.replaceAll('<%=', '<%-');
  return { operator: 'nothing is escaped', start, end: view.length, text };
}

export function apply({ start, end, text }: Change, original: string): string {
  return original.slice(0, start) + text + original.slice(end);
}

/** `a && b`, `a || b` */
export function isChain(node: ts.Node | undefined): node is ts.BinaryExpression {
  return (
    node !== undefined &&
    ts.isBinaryExpression(node) &&
    (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken ||
      node.operatorToken.kind === ts.SyntaxKind.BarBarToken)
  );
}

/** The `b` or the `c` of `a ? b : c`. */
export function isBranch(
  node: ts.Node,
): node is ts.Node & { readonly parent: ts.ConditionalExpression } {
  const { parent } = node;
  return ts.isConditionalExpression(parent) && node !== parent.condition;
}

export function isElement(node: ts.Node): boolean {
  return (
    ts.isArrayLiteralExpression(node.parent) && node.parent.elements.some((each) => each === node)
  );
}

/** The value of a constant, a property, a `return`, or the expression itself. */
function valueOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isVariableStatement(node)) {
    const [declaration] = node.declarationList.declarations;
    return declaration?.initializer && bare(declaration.initializer);
  }
  if (ts.isPropertyAssignment(node)) return bare(node.initializer);
  if (ts.isReturnStatement(node)) return node.expression && bare(node.expression);
  return isValue(node) && ts.isExpression(node) ? bare(node) : undefined;
}

/** Whether a node is an expression whose value is used. */
function isValue(node: ts.Node): boolean {
  return ts.isExpression(node) && !ts.isExpressionStatement(node.parent);
}

function bare(expression: ts.Expression): ts.Expression {
  return ts.isAwaitExpression(expression) ||
    ts.isAsExpression(expression) ||
    ts.isParenthesizedExpression(expression)
    ? bare(expression.expression)
    : expression;
}

/** `25_000`, `10 * 60 * 1000` */
function isPositiveNumber(value: ts.Expression): boolean {
  if (ts.isBinaryExpression(value))
    return isPositiveNumber(value.left) && isPositiveNumber(value.right);
  return ts.isNumericLiteral(value) && Number(value.text) > 0;
}
