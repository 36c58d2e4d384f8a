/** Where the drafts of deals come from: `file:` below one folder, `https:` from the public internet. */
import { DocumentError, type DocumentSource } from './documents.js';
import { createDownloader, type DownloadSettings } from './download.js';
import { readBelow } from './folder-source.js';
import { recognised } from './recognise.js';

/** Above what a provider takes; a contract is far smaller. */
const MAX_BYTES = 25 * 1024 * 1024;

export interface DocumentSourceSettings extends Partial<DownloadSettings> {
  /** Folder that `file:` documents must lie below. */
  root: string;
}

export function createDocumentSource({ root, ...rest }: DocumentSourceSettings): DocumentSource {
  const maxBytes = rest.maxBytes ?? MAX_BYTES;
  const downloader = createDownloader({ allowPrivateHosts: false, ...rest, maxBytes });

  async function bytesAt(uri: string): Promise<Uint8Array> {
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0].toLowerCase();
    switch (scheme) {
      case 'file:':
        return readBelow(root, uri, maxBytes);
      case 'https:':
      case 'http:':
        return downloader.download(uri);
      default:
        throw new DocumentError(
          'missing',
          `Documents at ${scheme ?? 'an uri without a scheme'} are not supported yet: use file: or https:.`,
        );
    }
  }

  return {
    fetch: async (uri) => recognised(await bytesAt(uri)),
    checkLink: (uri) => void downloader.checkUrl(uri),
    close: () => downloader.close(),
  };
}
