//! A process that can be scrubbed, or played step by step.

use super::View;
use crate::{Control, Event, Paper};
use attnscope_figures::Timeline;
use attnscope_words::words;

/// Where it is, and whether it goes on by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Player {
    step: usize,
    playing: bool,
}

impl Player {
    /// Before it plays: the figure is whole.
    pub const REST: Self = Self { step: usize::MAX, playing: false };

    /// The step that is shown.
    fn step(&self, timeline: &Timeline) -> usize {
        let at_rest = timeline.rest.filter(|_| self.step == usize::MAX);
        at_rest.unwrap_or(self.step).min(timeline.last())
    }

    /// A figure at its step of its timeline, with the controls for it before its own, and the step's sentence.
    pub fn stage(&self, mut view: View, paper: Paper) -> View {
        let Some(timeline) = view.timeline.take() else { return view };
        let step = self.step(&timeline);
        let mut controls = self.controls(&timeline);
        controls.extend(view.controls);
        controls.extend(timeline.sentence(step).map(|text| Control::Said { id: "said", text: text.into() }));
        let mut scene = timeline.stage(view.scene, self.step);
        if !paper.bare {
            scene.nodes.retain(|node| node.opacity > 0.0);
        }
        View { controls, scene, timeline: Some(timeline) }
    }

    /// Its button and its slider.
    fn controls(&self, timeline: &Timeline) -> Vec<Control> {
        let play = if self.playing { words!("pause") } else { words!("play") };
        let (step, first, last) = (self.step(timeline), timeline.first, timeline.last());
        let slider = Control::Slider {
            id: timeline.id,
            label: timeline.label.into(),
            min: first as f32,
            max: (first + last) as f32,
            step: 1.0,
            value: (first + step) as f32,
            shown: timeline.name(step),
        };
        vec![Control::Button { id: "play", label: play.into(), disabled: last == 0 }, slider]
    }

    /// The step that is shown, `None` at rest.
    pub fn shown(&self, last: usize) -> Option<usize> {
        (self.step != usize::MAX).then_some(self.step.min(last))
    }

    /// Handles the events that concern a timeline. Returns true for those that concern nothing else. `chosen` is the step
    /// that a chosen mark stands for.
    pub fn hear(&mut self, event: &Event, timeline: &Timeline, chosen: Option<usize>) -> bool {
        let (step, last) = (self.step(timeline), timeline.last());
        match event {
            Event::Set(id, _) if id == "play" => {
                // At rest and at the end it starts again.
                let ended = self.step == usize::MAX || step == last;
                *self = Self { step: if !self.playing && ended { 0 } else { step }, playing: !self.playing };
            }
            Event::Set(id, value) if id == timeline.id => {
                let step = value.parse().map_or(step, |number: usize| number.saturating_sub(timeline.first));
                *self = Self { step: step.min(last), playing: false };
            }
            // What is set in a figure that has played is set in the whole figure.
            Event::Set(..) if step == last && !self.playing => {
                *self = Self::REST;
                return false;
            }
            Event::Seen if self.step == usize::MAX && last > 0 => *self = Self { step: 0, playing: true },
            Event::Tick if self.playing => *self = Self { step: (step + 1).min(last), playing: step + 1 < last },
            Event::Dragged(..) | Event::Nudged(..) => {
                *self = Self::REST;
                return false;
            }
            Event::Chosen(..) => {
                *self = Self { step: chosen.unwrap_or(self.step), playing: false };
                return false;
            }
            _ => return false,
        }
        true
    }

    /// Milliseconds to the next step, while it plays.
    pub fn plays(&self, timeline: &Timeline) -> Option<u32> {
        self.playing.then(|| timeline.pause(self.step(timeline)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id: &str, value: &str) -> Event {
        Event::Set(id.into(), value.into())
    }

    #[test]
    fn it_plays_from_the_beginning_to_the_end_and_stops_when_it_is_taken() {
        let steps = Timeline::new().every(9).step("a").step("b").pauses(5).step("c");
        let mut player = Player::REST;
        let now = |player: &Player| (player.step(&steps), player.plays(&steps));
        assert_eq!((now(&player), player.shown(2)), ((2, None), None));
        assert!(player.hear(&set("play", ""), &steps, None));
        assert_eq!(now(&player), (0, Some(9)), "from the end it begins anew");
        assert!(player.hear(&Event::Tick, &steps, None));
        assert_eq!(now(&player), (1, Some(5)));
        assert!(player.hear(&set("step", "1"), &steps, None));
        assert_eq!(now(&player), (0, None), "who takes the line stops it; the first step is 1");
        assert!(!player.hear(&Event::Tick, &steps, None), "no time passes for it");
        player.hear(&set("play", ""), &steps, None);
        player.hear(&Event::Tick, &steps, None);
        player.hear(&Event::Tick, &steps, None);
        assert_eq!((now(&player), player.shown(2)), ((2, None), Some(2)));
        assert!(player.hear(&set("step", "99"), &steps, None) && player.step(&steps) == 2);
        assert!(player.hear(&set("step", "0"), &steps, None) && player.step(&steps) == 0, "as links once counted");
        player.hear(&set("step", "2"), &steps, None);
        assert!(!player.hear(&set("word", "1"), &steps, None) && player.shown(2) == Some(1));
        player.hear(&set("step", "3"), &steps, None);
        assert!(!player.hear(&set("word", "1"), &steps, None) && player.shown(2).is_none());
    }

    #[test]
    fn a_mark_may_stand_for_a_step_and_a_drag_ends_it() {
        let steps = Timeline::new().set_by("d").counts("a", 3).rests_at(1).step("a").step("").named("four");
        let at = |player: &Player| match &player.controls(&steps)[1] {
            Control::Slider { id, value, min, max, shown, .. } => (*id, *value, *min, *max, shown.clone()),
            other => panic!("{other:?}"),
        };
        let mut player = Player::REST;
        assert_eq!(at(&player), ("d", 4.0, 3.0, 4.0, "four".into()));
        assert!(!player.hear(&Event::Chosen(attnscope_figures::Target::Own, Default::default()), &steps, Some(0)));
        assert_eq!((at(&player).1, player.shown(1)), (3.0, Some(0)));
        player.hear(&Event::Nudged(attnscope_figures::Target::Handle { index: 0 }, 1, 0), &steps, None);
        assert_eq!(player.shown(1), None);
    }
}
