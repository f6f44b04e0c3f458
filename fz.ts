import { AWS_SUBJECTS } from './test/fuzz/props/aws';
import { hole } from './test/fuzz/props/verdict';
import { CapacityError, InvalidInputError } from './lib/flow/errors';
let ok = 0, refusedC = 0, refusedI = 0; const bad: string[] = [];
for (const s of AWS_SUBJECTS.filter(({ name }) => /Stream/.test(name))) {
  for (let i = 0; i < Number(process.argv[2] ?? 150); i += 1) {
    const c = s.draw(20261123 + i); const t = Date.now();
    try { const d = c.make(); const h = hole(d); if (h) bad.push(`${s.name} ${i} hole ${h}`); ok += 1; }
    catch (e) { if ((e as Error).name === 'CapacityError') refusedC += 1; else if ((e as Error).name === 'InvalidInputError') refusedI += 1; else bad.push(`${s.name} ${i} ${(e as Error).name}: ${(e as Error).message.slice(0, 300)}\n${(e as Error).stack?.split('\n').filter((l) => l.includes('/lib/')).slice(0, 4).join('\n')}`); }
    if (Date.now() - t > 1500) bad.push(`${s.name} ${i} slow ${Date.now() - t}`);
  }
}
console.log({ ok, refusedC, refusedI }, bad.length, bad.slice(0, 12).join('\n'));
