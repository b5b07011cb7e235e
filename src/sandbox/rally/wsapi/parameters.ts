import type { Request } from 'express';

/** A parameter of the query string; one that is sent twice is none. */
export function parameter(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' ? value : undefined;
}

export function wholeNumber(request: Request, name: string): number | undefined {
  const value = parameter(request, name);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
