import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { QcredError } from './errors';
import type { IBegun, INews, IRedactions, IRenewal, IRevocation, Selector } from './wire';

const JSON_BODY = { 'Content-Type': 'application/json' };

/** What the model asks of a server. Every answer may be a refusal: a `QcredError`. */
export interface ILeaseClient {
  /**
   * Wait for what is new.
   *
   * @param since the id of an earlier answer; empty: answer at once
   * @param wait seconds after which the server answers in any case
   * @param signal to wait no longer
   */
  news(since: string, wait: number, signal?: AbortSignal): Promise<INews>;
  redactions(path: string): Promise<IRedactions>;
  allow(fingerprint: string, reason: string): Promise<void>;
  deliver(kernel: string, credential: string): Promise<IRenewal>;
  renew(leaseId: string): Promise<IRenewal>;
  revokeLease(leaseId: string): Promise<IRevocation>;
  revoke(selector: Selector): Promise<IRevocation>;
  login(): Promise<IBegun>;
}

/** The API below `qcred/api`, with the login of this page. */
export class LeaseClient implements ILeaseClient {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  news(since: string, wait: number, signal?: AbortSignal): Promise<INews> {
    const query = URLExt.objectToQueryString({ since, wait: String(wait) });
    return this.ask<INews>('GET', `changes${query}`, undefined, signal);
  }

  redactions(path: string): Promise<IRedactions> {
    return this.ask<IRedactions>('GET', `redactions${URLExt.objectToQueryString({ path })}`);
  }

  async allow(fingerprint: string, reason: string): Promise<void> {
    await this.ask('POST', 'allowed', { fingerprint, reason });
  }

  deliver(kernel: string, credential: string): Promise<IRenewal> {
    return this.ask<IRenewal>('POST', 'deliver', { kernel, credential });
  }

  renew(leaseId: string): Promise<IRenewal> {
    return this.ask<IRenewal>('POST', `leases/${encodeURIComponent(leaseId)}/renew`, {});
  }

  revokeLease(leaseId: string): Promise<IRevocation> {
    return this.ask<IRevocation>('DELETE', `leases/${encodeURIComponent(leaseId)}`);
  }

  revoke(selector: Selector): Promise<IRevocation> {
    return this.ask<IRevocation>('POST', 'revoke', selector);
  }

  /**
   * Give the server a key to store: the one request that holds a value.
   *
   * @param key its parts by name; the one part without a name is the credential itself
   * @param replace a key of this name may be there already
   * @throws QcredError: the server refused; `already_stored` where it keeps the one that is there
   */
  async store(name: string, key: ReadonlyMap<string, string>, replace: boolean): Promise<void> {
    const value = key.get('');
    const body = value === undefined ? { fields: Object.fromEntries(key) } : { value };
    await this.ask('PUT', `credentials/${encodeURIComponent(name)}`, { ...body, replace });
  }

  async login(): Promise<IBegun> {
    const begun = await this.ask<IBegun>('POST', 'login', {});
    // By the address that this page knows the server by, which a proxy may hide from the server.
    const url = URLExt.join(this.settings.baseUrl, 'qcred', 'oidc', 'login', begun.login.handle);
    return { ...begun, url };
  }

  private async ask<T>(
    method: string,
    path: string,
    body?: object,
    signal?: AbortSignal
  ): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'qcred', 'api', path);
    const init: RequestInit = {
      method,
      ...(body && { body: JSON.stringify(body), headers: JSON_BODY }),
      ...(signal && { signal })
    };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      throw new QcredError(0, 'no_answer', 'The server does not answer');
    }
    if (!response.ok) {
      throw await refusal(response);
    }
    return (await response.json()) as T;
  }
}

async function refusal(response: Response): Promise<QcredError> {
  let said: Partial<Record<'code' | 'reason' | 'next_step', string>> = {};
  try {
    said = (await response.json()) as typeof said;
  } catch {
    // A proxy's page, perhaps. It is not repeated: it may hold anything.
  }
  const reason = said.reason ?? `The server answers ${response.status}`;
  return new QcredError(response.status, said.code ?? 'error', reason, said.next_step ?? '');
}
