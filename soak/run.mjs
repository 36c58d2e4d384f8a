// `npm run soak`, after the product is built.
import { runCompiled } from '../scripts/run-compiled.mjs';

await runCompiled('soak', 'bench');
