/** Where the drafts of deals come from: `file:` below one folder, `https:` from the public internet, `s3:` from buckets. */
import { DocumentError, type DocumentSource } from './documents.js';
import { createDownloader, type Downloaded, type DownloadSettings } from './download.js';
import { readBelow } from './folder-source.js';
import { recognised } from './recognise.js';
import type { S3Settings } from './s3-objects.js';
import { createS3Source } from './s3-source.js';

/** Above what a provider takes; a contract is far smaller. */
const MAX_BYTES = 25 * 1024 * 1024;

export interface DocumentSourceSettings extends Partial<DownloadSettings> {
  /** Folder that `file:` documents must lie below. */
  root: string;
  s3?: S3Settings;
}

export function createDocumentSource({
  root,
  s3 = { endpoint: null },
  ...rest
}: DocumentSourceSettings): DocumentSource {
  const maxBytes = rest.maxBytes ?? MAX_BYTES;
  const downloader = createDownloader({ allowPrivateHosts: false, ...rest, maxBytes });
  const buckets = createS3Source(s3);

  async function contentAt(uri: string): Promise<Downloaded> {
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0].toLowerCase();
    switch (scheme) {
      case 'file:':
        return { bytes: await readBelow(root, uri, maxBytes) };
      case 's3:':
        return { bytes: await buckets.read(uri, maxBytes) };
      case 'https:':
      case 'http:':
        return downloader.download(uri);
      default:
        throw new DocumentError(
          'missing',
          `Documents at ${scheme ?? 'an uri without a scheme'} are not supported: use file:, https: or s3:.`,
        );
    }
  }

  return {
    fetch: async (uri) => {
      const { bytes, mediaType } = await contentAt(uri);
      return recognised(bytes, mediaType);
    },
    checkLink: (uri) => void downloader.checkUrl(uri),
    close: async () => void (await Promise.all([downloader.close(), buckets.close()])),
  };
}
