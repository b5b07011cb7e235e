import type { Request } from 'express';

/** A field of a posted form, trimmed; empty where it is absent, or there twice. */
export function formField({ body }: Request, name: string): string {
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value.trim() : '';
}
