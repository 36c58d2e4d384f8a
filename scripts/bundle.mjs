// Builds the workflow bundle that workers run, with `--all` one for each way a worker may be set up (an image has no place to make them later).
// Part of `npm run build`.
import { rm } from 'node:fs/promises';
import { BUNDLE_KINDS, bundleFile, makeBundle } from '../dist/temporal/workflow-bundle.js';

const all = process.argv.includes('--all');
// One that was made from other code must not be found.
await Promise.all(BUNDLE_KINDS.map((kind) => rm(bundleFile(kind), { force: true })));
for (const kind of BUNDLE_KINDS) if (all || !Object.values(kind).includes(true)) await makeBundle(kind);
