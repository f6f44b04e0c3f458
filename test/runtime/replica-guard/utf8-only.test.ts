import { getDecoder, getEncoder } from '../../../lib/runtime/utf8-only';

describe('text of a server', () => {
  test('is UTF-8 both ways', () => {
    const bytes = getEncoder('cesu8').write('10.11-MariaDB-ü');
    expect(getDecoder('cesu8').write(bytes)).toBe('10.11-MariaDB-ü');
  });

  test('in another encoding is refused by name', () => {
    expect(() => getDecoder('big5')).toThrow('the server answers in big5, and this program reads UTF-8 only');
    expect(() => getEncoder('sjis')).toThrow('sjis');
  });
});
