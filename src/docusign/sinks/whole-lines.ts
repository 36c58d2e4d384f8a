import { createReadStream } from 'node:fs';
import { SinkError } from '../rows.js';

const LINE_FEED = 10;
const CHUNK_BYTES = 1024 * 1024;
const LINE_BYTES = 64 * 1024 * 1024;

/** A line that has its end, and the offset of the byte after it. */
export interface WholeLine {
  text: string;
  end: number;
}

/**
 * The lines of a file; what follows the last line break is torn and left out. Throws `SinkError` at a line of more than 64 MiB, which no
 * sink writes, and as the file system does.
 */
export async function* wholeLines(path: string): AsyncGenerator<WholeLine> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let end = 0;
  const chunks = createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      const line = Buffer.concat([...begun, chunk.subarray(from, at)]);
      end += line.length + 1;
      yield { text: line.toString('utf8'), end };
      [begun, begunBytes, from] = [[], 0, at + 1];
    }
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > LINE_BYTES) {
      throw new SinkError('refused', 'The file of DOCUSIGN_SINK is no file of lines: name another one.');
    }
  }
}
