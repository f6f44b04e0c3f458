import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Files in PEM. */
export interface Certificate {
  readonly keyFile: string;
  readonly certificateFile: string;
}

/** A certificate that signs itself, and so is its own authority, for names such as `DNS:localhost` or `IP:127.0.0.1`. */
export function selfSigned(folder: string, subjectAltName: string): Certificate {
  const [keyFile, certificateFile] = [join(folder, 'server.key'), join(folder, 'ca.crt')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${subjectAltName}`, '-days', '2'];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...files], { stdio: 'ignore' });
  return { keyFile, certificateFile };
}
