/** A provider around another one: only what becomes of a call is its own. */
import type { Mail, Outcome, Provider } from './mail';

export abstract class ProviderAround implements Provider {
  constructor(protected readonly provider: Provider) {}

  public prepare(): Promise<void> {
    return this.provider.prepare();
  }

  public async ready(mail?: Mail): Promise<() => void> {
    return (await this.provider.ready?.(mail)) ?? (() => {});
  }

  public abstract send(mail: Mail): Promise<Outcome>;
}
