import { fileURLToPath } from 'node:url';

/** Folder of this clone, from the sources and from dist/ alike. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
