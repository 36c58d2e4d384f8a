/** One error as the REST API tells it: a list with one entry (REST API Developer Guide, "Status Codes and Error Responses"). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields?: readonly string[],
  ) {
    super(message);
  }

  body(): unknown {
    return [{ message: this.message, errorCode: this.code, ...(this.fields && { fields: this.fields }) }];
  }
}
