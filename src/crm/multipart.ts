/** A multipart/form-data body as bytes: it is signed, so it must be whole before it is sent and the same at each try. */

export interface FilePart {
  field: string;
  fileName: string;
  contentType: string;
  bytes: Uint8Array;
}

/** Names and values must be plain: a quote or a line break would begin something else. Throws where one is in them. */
export function multipartBody(fields: Record<string, string>, file: FilePart, boundary: string): Buffer {
  const names = [...Object.keys(fields), file.field, file.fileName, file.contentType];
  if (
    [...names, ...Object.values(fields)].some((text) => /[\r\n\0]/.test(text)) ||
    names.some((name) => name.includes('"'))
  )
    throw new Error('a name or a value of the multipart body holds a quote or a line break');
  const parts = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="${file.field}"; filename="${file.fileName}"\r\n` +
    `Content-Type: ${file.contentType}\r\n\r\n`;
  return Buffer.concat([Buffer.from(parts.join('') + head), file.bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}
