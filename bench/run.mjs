// `npm run bench`, after the product is built: compiles bench/ to dist/bench/, beside the product, and runs it there.
// Types are checked by `npm run check`; here they are only taken out.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const COMPILED = fileURLToPath(new URL('../dist/bench/', import.meta.url));
const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true };

for (const file of readdirSync(SOURCES, { recursive: true }).filter((name) => name.endsWith('.ts'))) {
  const source = readFileSync(join(SOURCES, file), 'utf8');
  const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions });
  const target = join(COMPILED, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  // Seen from dist/bench/, what was in ../src/ is in ../.
  writeFileSync(target, outputText.replaceAll(/(from '(?:\.\.\/)+)src\//g, '$1'));
}

await import('../dist/bench/main.js');
