'use strict';
// Everything is there without this: it only hides what does not match.
const form = document.querySelector('.filter');
const input = document.getElementById('filter');
const found = document.getElementById('found');
const components = [...document.querySelectorAll('.component')];
const texts = components.map((one) => one.textContent.toLowerCase());
const boxes = new Map([...document.querySelectorAll('.box')].map((one) => [one.getAttribute('href').slice(1), one]));
function filter() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  components.forEach((one, at) => {
    const fits = words.every((word) => texts[at].includes(word));
    one.hidden = !fits;
    count += fits ? 1 : 0;
    const box = boxes.get(one.id);
    if (box) box.style.opacity = fits ? '' : '0.3';
  });
  found.textContent = words.length ? `${count} of ${components.length}` : '';
}
if (form && components.length > 1) {
  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('input', filter);
  // A link to what is hidden shows it.
  addEventListener('hashchange', () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.hidden) {
      input.value = '';
      filter();
      target.scrollIntoView();
    }
  });
}
