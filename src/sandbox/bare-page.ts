/** A page as servers and proxies write it by themselves: no more than a heading. */
export function barePage(heading: string, text = ''): string {
  return `<!DOCTYPE html>\n<html><head><title>${heading}</title></head><body><h1>${heading}</h1>${text}</body></html>\n`;
}
