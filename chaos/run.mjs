// `npm run chaos`, after the product is built.
import { runCompiled } from '../scripts/run-compiled.mjs';

await runCompiled('chaos', 'soak', 'bench', 'cluster');
