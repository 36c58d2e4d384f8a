// Builds the workflow bundle that workers run, with `--all` one for each way a worker may be set up (an image has no place to make them later), and
// notes which build this is in dist/build-id. Part of `npm run build`.
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BUNDLE_KINDS, bundleFile, makeBundle } from '../dist/temporal/workflow-bundle.js';
import { buildId } from './build-id.mjs';

const all = process.argv.includes('--all');
// One that was made from other code must not be found.
await Promise.all(BUNDLE_KINDS.map((kind) => rm(bundleFile(kind), { force: true })));
for (const kind of BUNDLE_KINDS) if (all || !Object.values(kind).includes(true)) await makeBundle(kind);

const root = fileURLToPath(new URL('..', import.meta.url));
await writeFile(new URL('../dist/build-id', import.meta.url), buildId(root, process.env));
