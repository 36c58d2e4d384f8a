// `npm run bench`, after the product is built.
import { runCompiled } from '../scripts/run-compiled.mjs';

await runCompiled('bench', 'cluster');
