// The film with its layers: zoom by wheel, pinch or buttons, pan by dragging, pick a vertebra by clicking it.
// Runs inside Gradio's HTML component, which gives `element`, `props`, `watch` and `trigger`.
const viewer = element.querySelector(".sy-viewer");
const stage = viewer.querySelector(".sy-stage");
const plane = viewer.querySelector(".sy-plane");
const image = plane.querySelector("img");
const svg = plane.querySelector("svg");
const alertLine = viewer.querySelector(".sy-alert");
const films = viewer.querySelector(".sy-films");
const MAX_ZOOM = 20; // times what fits
const CLICK_PX = 5; // a pointer that moved less has clicked

let film = { width: 1, height: 1 };
let zoom = 1, left = 0, top = 0; // times what fits; px of the stage

function fitScale() {
  return Math.min(stage.clientWidth / film.width, stage.clientHeight / film.height);
}

function place() {
  const scale = zoom * fitScale();
  const width = film.width * scale, height = film.height * scale;
  const keep = (at, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at)));
  left = keep(left, width, stage.clientWidth);
  top = keep(top, height, stage.clientHeight);
  plane.style.width = `${width}px`;
  plane.style.height = `${height}px`;
  plane.style.transform = `translate(${left}px, ${top}px)`;
  stage.classList.toggle("zoomed", zoom > 1);
}

function zoomBy(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const target = Math.min(MAX_ZOOM, Math.max(1, zoom * factor));
  left = x - (x - left) * (target / zoom);
  top = y - (y - top) * (target / zoom);
  zoom = target;
  place();
}

function draw() {
  const value = props.value || { image: null, films: [] };
  viewer.classList.toggle("empty", !value.image);
  plane.hidden = !value.image;
  if (value.image) {
    if (image.getAttribute("src") !== value.image) {
      image.src = value.image;
      film = value;
      zoom = 1;
    }
    svg.setAttribute("viewBox", `0 0 ${value.width} ${value.height}`);
    svg.innerHTML = value.shapes;
    mark(value.picked);
    place();
  } else {
    image.removeAttribute("src");
    svg.replaceChildren();
  }
  alertLine.hidden = !value.alert;
  alertLine.textContent = value.alert || "";
  films.replaceChildren(...(value.films.length > 1 ? value.films.map(thumb) : []));
}

function thumb(each, index) {
  const button = document.createElement("button");
  const picture = document.createElement("img");
  const text = document.createElement("span");
  button.type = "button";
  button.className = each.sure ? "" : "unsure";
  button.setAttribute("aria-pressed", each.shown);
  picture.src = each.thumb;
  picture.alt = "";
  text.textContent = each.text;
  button.append(picture, text);
  button.addEventListener("click", () => trigger("select", { film: index }));
  return button;
}

function mark(candidate) {
  for (const shape of svg.querySelectorAll(".picks path"))
    shape.classList.toggle("picked", shape.dataset.candidate === String(candidate));
}

function pick(shape) {
  mark(shape.dataset.candidate);
  trigger("select", { candidate: Number(shape.dataset.candidate) });
}

viewer.querySelector(".sy-bar").addEventListener("input", (event) => {
  const boxes = [...viewer.querySelectorAll("[data-layer]")];
  viewer.dataset.layers = boxes.filter((box) => box.checked).map((box) => box.dataset.layer).join(" ");
  const tone = (name) => viewer.querySelector(`[data-tone=${name}]`);
  image.style.filter =
    `brightness(${tone("brightness").value}%) contrast(${tone("contrast").value}%) invert(${+tone("invert").checked})`;
});

viewer.querySelector(".sy-bar").addEventListener("click", (event) => {
  const step = event.target.dataset.zoom;
  if (step === "fit") { zoom = 1; place(); }
  else if (step) zoomBy(Number(step));
});

stage.addEventListener("wheel", (event) => {
  if (plane.hidden) return;
  event.preventDefault();
  const box = stage.getBoundingClientRect();
  zoomBy(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

const pointers = new Map();
let moved = 0, pressed = null;

stage.addEventListener("pointerdown", (event) => {
  if (!pointers.size) { moved = 0; pressed = event.target.closest("[data-candidate]"); }
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
});

stage.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = { x: event.clientX, y: event.clientY };
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const box = stage.getBoundingClientRect();
    const spread = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    zoomBy(spread(now) / spread(before), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top);
  }
  moved += Math.hypot(now.x - before.x, now.y - before.y);
  if (moved > CLICK_PX && zoom > 1) {
    stage.setPointerCapture(event.pointerId);
    const share = pointers.size; // each of two fingers moves the film by half
    left += (now.x - before.x) / share;
    top += (now.y - before.y) / share;
    place();
  }
  pointers.set(event.pointerId, now);
});

stage.addEventListener("pointerup", (event) => {
  if (pointers.delete(event.pointerId) && !pointers.size && moved <= CLICK_PX && pressed) pick(pressed);
});
stage.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
stage.addEventListener("pointerleave", (event) => pointers.delete(event.pointerId));

stage.addEventListener("keydown", (event) => {
  const shape = event.target.closest("[data-candidate]");
  if (shape && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); pick(shape); }
});

new ResizeObserver(place).observe(stage);
watch("value", draw);
draw();
