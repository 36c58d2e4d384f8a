// Ends with 0 when the address answers with a 2xx within 3 seconds, with 1 otherwise: the health checks of docker-compose.yml.
const [address = ''] = process.argv.slice(2);
try {
  const { ok, status } = await fetch(address, { signal: AbortSignal.timeout(3000) });
  if (!ok) console.error(`${address} answers ${status}`);
  process.exit(ok ? 0 : 1);
} catch (error) {
  console.error(`${address} does not answer: ${error.cause?.message ?? error.message}`);
  process.exit(1);
}
