import { spoken, spokenBeside } from '../../lib/rules/spoken';

test.each([
  ['keeps messages 345600 s, their source 1209600 s', 'keeps messages 4 days, their source 14 days'],
  ['hidden for 30 s', 'hidden for 30 s'],
  ['119 s and 120 s', '119 s and 2 min'],
  // Words that would round do not stand alone.
  ['within 15060 s', 'within 15060 s (4.18 h)'],
  // The result of a calculation stays in the unit of what it was made of.
  ['below 6 × 30 = 180 s', 'below 6 × 30 = 180 s (3 min)'],
  ['10000 requests/s, 500 s/item, v1.300 s, 300 ssh', '10000 requests/s, 500 s/item, v1.300 s, 300 ssh'],
  ['300 s (5 min)', '300 s (5 min)'],
])('%s', (given, said) => {
  expect(spoken(given)).toBe(said);
});

test('what is to be written keeps its number', () => {
  expect(spokenBeside('set the period to 300 s or more')).toBe('set the period to 300 s (5 min) or more');
});
