/** The queries, in one place, so that it can be seen that nothing unchecked gets into them. */
import type { Mapping } from './mapping.js';

/** Deals of one page of `wanting`. */
export const PAGE = 200;

/**
 * The deal with what a contract needs of it, its contacts too. To be asked with deleted rows, or a deleted deal looks as if it had never been;
 * the contacts are then told apart by `IsDeleted` as well.
 */
export function dealQuery(mapping: Mapping, where: string): string {
  const { document, round, tenant, prefill, fields } = mapping;
  const wanted = [document, round, tenant, fields.version, fields.problem, ...Object.values(prefill)];
  const columns = new Set(['Id', 'IsDeleted', 'StageName', ...wanted.filter((name) => typeof name === 'string')]);
  const contacts =
    'SELECT Role, IsPrimary, Contact.Name, Contact.Email FROM OpportunityContactRoles WHERE IsDeleted = false';
  return `SELECT ${[...columns].join(', ')}, (${contacts}) FROM Opportunity WHERE ${where} LIMIT 1`;
}

/** What a write must know of the deal before. */
export function standingQuery(mapping: Mapping, id: string): string {
  const problem = mapping.fields.problem === null ? '' : `, ${mapping.fields.problem}`;
  return `SELECT Id, IsDeleted, StageName, ${mapping.fields.version}${problem} FROM Opportunity WHERE ${isId(id)}`;
}

/** SOQL cannot hold one field against another: a raised round is picked out of what comes. */
export function wantingQuery({ triggers, round, fields }: Mapping, after: string | undefined): string {
  const stages = Object.keys(triggers).map(quoted).join(', ');
  const unwritten = round === undefined ? `${fields.version} = null` : `(${fields.version} = null OR ${round} > 1)`;
  const rest = after === undefined ? '' : ` AND Id > ${quoted(after)}`;
  const columns = ['Id', fields.version, ...(round === undefined ? [] : [round])].join(', ');
  return `SELECT ${columns} FROM Opportunity WHERE StageName IN (${stages}) AND ${unwritten}${rest} ORDER BY Id LIMIT ${PAGE}`;
}

export function noteQuery(dealId: string, subject: string): string {
  return `SELECT Id FROM Task WHERE WhatId = ${quoted(dealId)} AND Subject = ${quoted(subject)} LIMIT 1`;
}

/** Salesforce takes no query of links that does not name the record (Object Reference, ContentDocumentLink, "Usage"). */
export function filesQuery(dealId: string): string {
  const checksum = 'ContentDocument.LatestPublishedVersion.Checksum';
  return `SELECT ContentDocumentId, ${checksum} FROM ContentDocumentLink WHERE LinkedEntityId = ${quoted(dealId)}`;
}

export function isId(id: string): string {
  return `Id = ${quoted(id)}`;
}

/** SOQL and SOSL Reference, "Quoted String Escape Sequences". */
export function quoted(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `'${escaped}'`;
}
