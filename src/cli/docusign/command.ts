import { Option, type Command } from 'commander';
import type { Environment } from '../../config.js';
import { readDocusignSettings } from '../../config/docusign.js';
import { readCallLog } from '../../docusign/call-log.js';
import { consentUrl } from '../../docusign/consent.js';
import { fingerprintOf } from '../../docusign/fingerprints.js';
import { nothingYet, readinessOf } from '../../docusign/go-live.js';
import { forgetLogins } from '../../docusign/login.js';
import { FEEDS, type DocusignSettings, type Feed } from '../../docusign/settings.js';
import { wholeFrom } from '../deals/command.js';
import { addCommand, answer, type Answer } from '../program.js';
import { readable } from '../report.js';
import type { Terminal } from '../terminal.js';
import { docusignChecks } from './checks.js';
import { getEvents } from './get-events.js';
import { tellConsent, tellForgotten, tellReadiness } from './words.js';

/** `countersign docusign …`: the account's login, its feeds and its way to production. */
export function addDocusignCommands(program: Command, env: Environment, terminal: Terminal): void {
  const docusign = program.command('docusign').description('set up and check the DocuSign account');
  const telling = (options: { json?: true }, work: (settings: DocusignSettings) => Promise<Answer>): Promise<void> =>
    answer(options, () => work(readDocusignSettings(env)), terminal);

  addCommand(docusign, 'consent-url', 'the page on which a person lets the integration key act for the user')
    .option('--admin', 'for an administrator who consents for all users of the organization’s domains')
    .action((options: { json?: true; admin?: true }) =>
      telling(options, async (settings) => {
        const consent = consentUrl(settings, { admin: options.admin === true });
        return { ok: true, json: { ok: true, ...consent }, text: tellConsent(settings, consent) };
      }),
    );

  addCommand(
    docusign,
    'reset-token',
    'forget the token that commands and worker share, so that each logs in anew',
  ).action((options: { json?: true }) =>
    telling(options, async (settings) => {
      const files = await forgetLogins(settings);
      return { ok: true, json: { ok: true, files }, text: tellForgotten(files) };
    }),
  );

  addCommand(docusign, 'auth-test', 'log in, and ask each API that is configured one cheap thing').action(
    (options: { json?: true }) =>
      telling(options, async (settings) => {
        const checks = await docusignChecks(settings);
        const report = { ok: checks.every(({ status }) => status !== 'problem'), checks };
        return { ok: report.ok, json: report, text: readable({ ...report, keys: null }) };
      }),
  );

  addCommand(docusign, 'get-events', 'one page of a feed, as it would be delivered; nothing is remembered')
    .addOption(new Option('--type <feed>', 'which feed').choices(FEEDS).makeOptionMandatory())
    .addOption(new Option('--limit <number>', 'rows at most').argParser(wholeFrom(1, 2000)).default(10))
    .action((options: { json?: true; type: Feed; limit: number }) =>
      telling(options, (settings) =>
        getEvents(settings, { feed: options.type, limit: options.limit, warn: terminal.err }),
      ),
    );

  addCommand(
    docusign,
    'go-live',
    'whether the calls made so far would pass DocuSign’s review of the integration key',
  ).action((options: { json?: true }) =>
    telling(options, async (settings) => {
      const { entries, skipped } = await readCallLog(settings.folder);
      const keys = readinessOf(entries);
      const key = fingerprintOf(settings.integrationKey);
      const own = keys.find((one) => one.key === key) ?? nothingYet(key);
      const others = keys.filter((one) => one.key !== key);
      const text = tellReadiness(own, others, skipped);
      return { ok: own.ready, json: { ok: own.ready, ...own, others, skippedLines: skipped }, text };
    }),
  );
}
