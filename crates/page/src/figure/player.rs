//! A process that can be scrubbed, or played step by step.

use super::View;
use crate::{Control, Event, Paper};
use attnscope_figures::{Target, Timeline};
use attnscope_words::words;

/// Where it is, and whether it goes on by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Player {
    step: usize,
    playing: bool,
}

impl Player {
    /// At the end, whichever step that will be.
    pub const END: Self = Self { step: usize::MAX, playing: false };

    /// At a step, at rest there.
    pub fn at(step: usize) -> Self {
        Self { step, playing: false }
    }

    /// The step that is shown, where the last one is `last`.
    pub fn step(&self, last: usize) -> usize {
        self.step.min(last)
    }

    /// Its button and its slider; `label` says what a step is, `shown` is the name of the current one.
    pub fn controls(&self, label: &str, last: usize, shown: String) -> Vec<Control> {
        let (value, max) = (self.step(last) as f32, last as f32);
        vec![
            self.button(last),
            Control::Slider { id: "step", label: label.into(), min: 0.0, max, step: 1.0, value, shown },
        ]
    }

    /// Its button by itself.
    pub fn button(&self, last: usize) -> Control {
        let play = if self.playing { words!("pause") } else { words!("play") };
        Control::Button { id: "play", label: play.into(), disabled: last == 0 }
    }

    /// A figure at its step of a timeline, with the controls for it before its own, and the step's sentence.
    pub fn stage(&self, timeline: &Timeline, view: View, paper: Paper) -> View {
        let (said, last) = (timeline.said(), timeline.last());
        let step = self.step(last);
        let mut controls = self.controls(words!("step"), last, words!("{} of {}", step + 1, last + 1));
        controls.extend(view.controls);
        controls.push(Control::Said { id: "said", text: said.into_iter().nth(step).unwrap_or_default() });
        let mut scene = timeline.stage(view.scene, self.step);
        if !paper.bare {
            scene.nodes.retain(|node| node.opacity > 0.0);
        }
        View { controls, scene }
    }

    /// The step that is shown, `None` at rest.
    pub fn shown(&self, last: usize) -> Option<usize> {
        (self.step <= last).then_some(self.step)
    }

    /// Whether an event may change which step of a timeline is shown.
    pub fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::Set(id, _) => id == "play" || id == "step",
            Event::Seen | Event::Tick => true,
            Event::Dragged(..) | Event::Nudged(..) | Event::Chosen(..) => self.step != usize::MAX,
            _ => false,
        }
    }

    /// Handles the events that concern a timeline. Returns true for those that concern nothing else.
    pub fn follow(&mut self, event: &Event, last: usize) -> bool {
        match event {
            Event::Set(..) | Event::Seen | Event::Tick => self.hear(event, last),
            Event::Dragged(..) | Event::Nudged(..) => {
                *self = Self::END;
                false
            }
            Event::Chosen(..) => {
                self.playing = false;
                false
            }
            _ => false,
        }
    }

    /// Handles its own events: button, slider, a step that is chosen in the drawing, time. Returns false for any other.
    pub fn hear(&mut self, event: &Event, last: usize) -> bool {
        let step = self.step(last);
        match event {
            Event::Set(id, _) if id == "play" => {
                // At the end it starts again.
                *self = Self { step: if !self.playing && step == last { 0 } else { step }, playing: !self.playing };
            }
            Event::Set(id, value) if id == "step" => {
                *self = Self::at(value.parse().unwrap_or(step));
            }
            Event::Chosen(Target::Item { index }, _) => *self = Self::at(*index),
            Event::Seen if self.step == usize::MAX && last > 0 => *self = Self { step: 0, playing: true },
            Event::Tick if self.playing => *self = Self { step: (step + 1).min(last), playing: step + 1 < last },
            _ => return false,
        }
        true
    }

    /// Milliseconds to the next step, while it plays.
    pub fn plays(&self, pause: u32) -> Option<u32> {
        self.playing.then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_plays_from_the_beginning_to_the_end_and_stops_when_it_is_taken() {
        let set = |id: &str, value: &str| Event::Set(id.into(), value.into());
        let mut player = Player::END;
        assert_eq!((player.step(2), player.plays(9)), (2, None));
        assert!(player.hear(&set("play", ""), 2));
        assert_eq!((player.step(2), player.plays(9)), (0, Some(9)), "from the end it begins anew");
        assert!(player.hear(&Event::Tick, 2));
        assert_eq!((player.step(2), player.plays(9)), (1, Some(9)));
        assert!(player.hear(&set("step", "0"), 2));
        assert_eq!((player.step(2), player.plays(9)), (0, None), "who takes the line stops it");
        assert!(!player.hear(&Event::Tick, 2), "no time passes for it");
        player.hear(&set("play", ""), 2);
        player.hear(&Event::Tick, 2);
        player.hear(&Event::Tick, 2);
        assert_eq!((player.step(2), player.plays(9)), (2, None));
        assert!(player.hear(&set("step", "99"), 2) && player.step(2) == 2);
        assert!(!player.hear(&set("word", "1"), 2));
    }
}
