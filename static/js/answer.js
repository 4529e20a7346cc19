/* The record button repeats the person's own choice; the note says how much room is left when it gets scarce.
     <input type="radio" data-record="Record level 1 and take next">   <span data-record-text>   <p data-room-for="note"> */

const form = document.querySelector("[data-answer]");
const label = form?.querySelector("[data-record-text]");
const room = form?.querySelector("[data-room-for]");
const SCARCE = 500;

function repeatChoice() {
  const chosen = form.querySelector("input[data-record]:checked");
  if (chosen) label.textContent = chosen.dataset.record;
}

function tellRoom() {
  const field = form.elements[room.dataset.roomFor];
  const left = field.maxLength - field.value.length;
  room.textContent = left > SCARCE ? "" : `Room for ${left} more characters.`;
}

if (form) {
  repeatChoice();
  form.addEventListener("change", repeatChoice);
}
if (room) {
  tellRoom();
  form.addEventListener("input", tellRoom);
}
