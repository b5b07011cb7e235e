// The entries of a cctray.xml, read one by one as the text comes: no tree is built of it.
// The format: https://cctray.org/v1
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { UpstreamError } from '../http/upstream-error.js';

/** Of a stage or of a job. GoCD's names cannot hold what stands between them. */
export interface Entry extends Status {
  readonly pipeline: string;
  readonly stage: string;
  /** Absent in the entry of the stage itself. */
  readonly job: string | undefined;
  readonly label: string;
  /** ISO 8601 from GoCD, which before 18.3.0 leaves the zone out; empty where it is not said. */
  readonly lastBuildTime: string;
  /** http or https, else undefined: a `javascript:` link would run in our page. */
  readonly url: string | undefined;
  /** Who broke it, as GoCD lists them: "alice, bob". */
  readonly breakers: string | undefined;
}

export interface Status {
  /** `Building` or `Sleeping`; shown as it came when it is something else. */
  readonly activity: string;
  /** `Success` or `Failure` of the last finished build; shown as it came when something else. */
  readonly lastBuildStatus: string;
}

/** The text is not cctray.xml. */
export class NotCctrayError extends Error {}

/** SECURITY.md E3: bounds the work for one response; large servers have 10,000 entries. */
const MOST_ENTRIES = 50_000;

/** cctray.xml needs four levels. */
const DEEPEST = 16;

/** Of all between the ends of two tags: a value, or a comment, without end would be kept whole. */
const LONGEST_TAG = 100_000;

/** @param onEntry is given each entry, when its element ends */
export function createParser(onEntry: (entry: Entry) => void) {
  const open: string[] = [];
  let entries = 0;
  let lastTagEnd = 0;
  let project: SaxesTagPlain | undefined;
  let breakers: string | undefined;

  const parser = new SaxesParser();
  const refuseLongTag = () => {
    if (parser.position - lastTagEnd > LONGEST_TAG) throw new NotCctrayError('a tag is too long');
  };
  parser.on('error', (error) => {
    // SECURITY.md E4: malformed XML is not repaired.
    throw new NotCctrayError(error.message);
  });
  parser.on('doctype', () => {
    // SECURITY.md E4: entities are declared here, for reading local files and for "billion laughs".
    throw new NotCctrayError('a document type declaration is not accepted');
  });
  parser.on('opentag', (tag) => {
    refuseLongTag();
    lastTagEnd = parser.position;
    if (open.length === 0 && tag.name !== 'Projects') {
      throw new NotCctrayError('the root element is not Projects');
    }
    if (open.length >= DEEPEST) throw new NotCctrayError('the elements are nested too deep');
    if (open.length === 1 && tag.name === 'Project') {
      project = tag;
      breakers = undefined;
    }
    const isMessage = open.at(-1) === 'messages' && tag.name === 'message';
    if (isMessage && tag.attributes['kind'] === 'Breakers') breakers = tag.attributes['text'];
    open.push(tag.name);
  });
  parser.on('closetag', () => {
    refuseLongTag();
    lastTagEnd = parser.position;
    open.pop();
    if (open.length === 1 && project) {
      entries += 1;
      if (entries > MOST_ENTRIES)
        throw new UpstreamError('too_large', 'there are too many entries');
      onEntry(readEntry(project, breakers));
      project = undefined;
    }
  });
  return {
    write: (piece: string) => {
      parser.write(piece);
      refuseLongTag();
    },
    close: () => parser.close(),
  };
}

function readEntry({ attributes }: SaxesTagPlain, breakers: string | undefined): Entry {
  const text = (name: string, absent: string) => attributes[name] ?? absent;
  const name = text('name', '(no name)');
  const [pipeline = name, stage = '(no stage)', job] = name.split(' :: ');
  return {
    pipeline,
    stage,
    job,
    activity: text('activity', 'Unknown'),
    lastBuildStatus: text('lastBuildStatus', 'Unknown'),
    label: text('lastBuildLabel', ''),
    lastBuildTime: text('lastBuildTime', ''),
    url: readUrl(text('webUrl', '')),
    breakers: breakers === '' ? undefined : breakers,
  };
}

function readUrl(text: string): string | undefined {
  return /^https?:\/\//i.test(text)
    ? text
    : // SECURITY.md E6: a `javascript:` link would run in our page.
      undefined;
}
