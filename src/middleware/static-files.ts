import { readdirSync } from 'node:fs';
import compression from 'compression';
import express, { type RequestHandler } from 'express';
import { MethodNotAllowedError } from '../errors.js';

/**
 * Files that are the same for everybody: browsers may keep them, as they may not keep pages.
 *
 * @param folder without folders in it
 */
export function staticFiles(folder: string): RequestHandler[] {
  const paths = new Set(readdirSync(folder).map((name) => `/${name}`));
  return [
    ({ method, path }, _response, next) => {
      if (paths.has(path) && method !== 'GET' && method !== 'HEAD') {
        throw new MethodNotAllowedError(['GET', 'HEAD']);
      }
      next();
    },
    compression(), // of files alone: pages hold secrets beside reflected text (BREACH)
    express.static(folder, {
      redirect: false,
      setHeaders: (response) => response.setHeader('Cache-Control', 'public, max-age=3600'),
    }),
  ];
}
