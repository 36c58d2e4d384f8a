/** What must hold for docker-compose.yml beyond the specification. Every rule answers what breaks it, one line each. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, type Compose, type Service } from './compose-file.js';
import { environmentOf, isOurs, mountsOf, namesReadBy, processOf, scriptOf } from './processes.js';

type Rule = (service: Service, name: string, compose: Compose) => string[];

/** Read by the SDK and by the HTTP client, not by the settings. */
const READ_BY_LIBRARIES =
  /^(TEMPORAL_(ADDRESS|NAMESPACE|API_KEY|PROFILE|CONFIG_FILE|TLS(_[A-Z_]+)?)|AWS_(REGION|ACCESS_KEY_ID|SECRET_ACCESS_KEY)|HTTPS_PROXY|NO_PROXY)$/;

const SHORTEST_WORKER_STOP = '35s';

const pinnedImage: Rule = ({ image }) =>
  /^[a-z0-9./-]+:\d+(\.\d+)+(@sha256:[0-9a-f]{64})?$/.test(image) ? [] : [`image ${image} is not pinned to a version`];

const knownVariables: Rule = (service) => {
  const process = processOf(service);
  if (!process) return isOurs(service) ? [`runs no process of ours: ${service.command.join(' ')}`] : [];
  const read = namesReadBy(process);
  const known = (variable: string): boolean =>
    read.has(variable) || (READ_BY_LIBRARIES.test(variable) && scriptOf(service) !== 'dist/sandbox.js');
  return Object.keys(service.environment)
    .filter((variable) => !known(variable))
    .map((variable) => `sets ${variable}, which ${scriptOf(service)} does not read`);
};

const usableSettings: Rule = (service) => {
  try {
    processOf(service)?.read(environmentOf(service));
    return [];
  } catch (error) {
    return [`has settings that it refuses: ${error instanceof Error ? error.message : String(error)}`];
  }
};

/** The ports that a service listens on in its container; undefined when its settings cannot tell. */
export function portsOf(service: Service): number[] | undefined {
  const { environment: env, image } = service;
  if (image.startsWith('postgres:')) return [5432];
  // The server's defaults: gRPC and HTTP.
  if (image.startsWith('temporalio/server:'))
    return [Number(env.FRONTEND_GRPC_PORT ?? 7233), Number(env.FRONTEND_HTTP_PORT ?? 7243)];
  if (image.startsWith('temporalio/ui:')) return [Number(env.TEMPORAL_UI_PORT ?? 8080)];
  try {
    return processOf(service)?.ports(environmentOf(service)) ?? [];
  } catch {
    return undefined;
  }
}

const publishedPorts: Rule = (service) => {
  const listening = portsOf(service) ?? [];
  return service.ports.flatMap((mapping) => {
    const [host, , inside] = mapping.split(':');
    if (host !== '127.0.0.1' || inside === undefined) return [`publishes ${mapping} beyond 127.0.0.1`];
    return listening.includes(Number(inside)) ? [] : [`publishes ${mapping}, but does not listen on ${inside}`];
  });
};

const healthcheck: Rule = (service) => {
  if (!service.healthcheck) return isLasting(service) ? ['runs on and on without a healthcheck'] : [];
  const test = service.healthcheck.test.join(' ');
  const asked = [...test.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  const listening = portsOf(service) ?? [];
  return asked
    .filter((port) => !listening.includes(port))
    .map((port) => `asks for its health on ${port}, but does not listen there`);
};

const listensToOthers: Rule = (service) => {
  const others = service.ports.length > 0 || service.healthcheck !== undefined;
  return isOurs(service) && others && service.environment.HOST !== '0.0.0.0'
    ? ['must listen on HOST 0.0.0.0 to be reached']
    : [];
};

/** Addresses in a service's environment that lead to another service: that it exists, listens there, and shares a network. */
const addresses: Rule = (service, _name, { services }) =>
  Object.entries(service.environment).flatMap(([variable, value]) =>
    [...value.matchAll(/(?:^|\/\/|@)([a-z][a-z-]*):(\d+)/g)].flatMap(([, host = '', port = '']) => {
      if (host === 'localhost') return [];
      const target = services[host];
      if (!target) return [`${variable} leads to ${host}, which is no service`];
      if (!portsOf(target)?.includes(Number(port)))
        return [`${variable} leads to port ${port} of ${host}, which does not listen there`];
      return target.networks.some((network) => service.networks.includes(network))
        ? []
        : [`${variable} leads to ${host}, but no network does`];
    }),
  );

const dependencies: Rule = (service, _name, { services }) =>
  Object.entries(service.depends_on).flatMap(([needed, { condition }]) => {
    const target = services[needed];
    if (!target) return [`depends on ${needed}, which does not exist`];
    const profiles = target.profiles.filter((profile) => !service.profiles.includes(profile));
    if (profiles.length > 0) return [`depends on ${needed}, which runs with the profile ${profiles.join()} only`];
    if (condition === 'service_healthy')
      return target.healthcheck ? [] : [`waits for the health of ${needed}, which has no healthcheck`];
    if (condition === 'service_completed_successfully') {
      return isLasting(target) ? [`waits for the end of ${needed}, which is restarted for ever`] : [];
    }
    return [`depends on ${needed} by ${condition}: say when it is ready`];
  });

const isLasting = ({ restart }: Service): boolean => restart === 'always' || restart === 'unless-stopped';

const declared: Rule = (service, _name, { volumes, networks }) => [
  ...mountsOf(service)
    .filter(({ source }) => !source.startsWith('.') && !(source in volumes))
    .map(({ source }) => `mounts the volume ${source}, which is not declared`),
  ...service.networks
    .filter((network) => !(network in networks))
    .map((network) => `is on the network ${network}, which is not declared`),
];

const filesExist: Rule = (service) => {
  const mounted = mountsOf(service).filter(({ source }) => source.startsWith('.'));
  const missing = mounted.filter(({ source }) => !existsSync(join(ROOT, source))).map(({ source }) => source);
  const run = [...service.entrypoint, ...service.command].filter((word) => word.startsWith('/deploy/'));
  const unmounted = run.filter((path) => !mounted.some(({ target }) => target === path));
  const script = scriptOf(service).replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
  if (isOurs(service) && !existsSync(join(ROOT, script))) missing.push(script);
  return [
    ...missing.map((path) => `needs ${path}, which does not exist`),
    ...unmounted.map((path) => `runs ${path}, which is not mounted`),
  ];
};

const confined: Rule = (service) => {
  if (!isOurs(service)) return [];
  const problems = [];
  if (service.user !== undefined && /^(root|0)\b/.test(service.user)) problems.push('runs as root');
  if (!service.read_only) problems.push('may write to its root file system');
  if (!service.cap_drop.includes('ALL')) problems.push('keeps capabilities');
  if (!service.security_opt.includes('no-new-privileges:true')) problems.push('may gain privileges');
  const volumes = mountsOf(service).filter(({ source, writable }) => writable && !source.startsWith('.'));
  const folders = settled(() => processOf(service)?.writes(environmentOf(service))) ?? [];
  for (const folder of folders) {
    if (!volumes.some(({ target }) => folder === target)) problems.push(`writes to ${folder}, which no volume keeps`);
  }
  return problems;
};

const timeToStop: Rule = (service) => {
  const given = service.stop_grace_period;
  const seconds = (text: string): number => Number(/^(\d+)(s|m)$/.exec(text)?.[1] ?? 0) * (text.endsWith('m') ? 60 : 1);
  return scriptOf(service) === 'dist/worker.js' && seconds(given) < seconds(SHORTEST_WORKER_STOP)
    ? [`is killed after ${given}; its steps need ${SHORTEST_WORKER_STOP}`]
    : [];
};

function settled<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

export const RULES: Readonly<Record<string, Rule>> = {
  'pins every image to a version': pinnedImage,
  'sets no variable that its process does not read': knownVariables,
  'gives every process settings that it accepts': usableSettings,
  'publishes only ports that are listened on, and only on 127.0.0.1': publishedPorts,
  'asks for health on ports that are listened on': healthcheck,
  'lets every process of ours be reached in its container': listensToOthers,
  'leads every address to a service that listens there': addresses,
  'waits only for what can become ready': dependencies,
  'declares every volume and network': declared,
  'names only files that exist': filesExist,
  'confines every process of ours': confined,
  'gives a worker the time to end its steps': timeToStop,
};

/** All that is wrong, one line a problem: `worker: ...`. */
export function problemsOf(compose: Compose, rules: readonly Rule[] = Object.values(RULES)): string[] {
  return Object.entries(compose.services).flatMap(([name, service]) =>
    rules.flatMap((rule) => rule(service, name, compose).map((problem) => `${name}: ${problem}`)),
  );
}
