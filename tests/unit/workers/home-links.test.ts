import { homeLinks } from '../../../workers/home-links';

test('the schedules are those of the configured namespace', () => {
  const links = homeLinks({ uiUrl: 'https://temporal.example/', namespace: 'watches of a.b' });
  expect(links.map(({ url }) => url)).toEqual([
    'https://temporal.example/',
    'https://temporal.example/namespaces/watches%20of%20a.b/schedules',
  ]);
});

test('a server without a web UI has no links', () => {
  expect(homeLinks({ uiUrl: '', namespace: 'default' })).toEqual([]);
});
